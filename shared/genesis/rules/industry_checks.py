"""The five checks of an industry."""

from collections.abc import Iterable

from shared.genesis.models.evidence import Check
from shared.genesis.models.industries import Industry
from shared.genesis.rules.evidence import check, judgement, report

MIN_CHUNKS = 1_000
MIN_SOURCES = 5


def checks(industry: Industry) -> tuple[Check, ...]:
    """Return the checks IN-1 to IN-5."""
    return (
        check("IN-1", _unmapped(industry)),
        check("IN-2", [] if industry.cannot_do else ["cannot_do is empty"]),
        check("IN-3", _unbounded(industry)),
        check("IN-4", _unresolved(industry)),
        judgement(
            "IN-5", industry.verdicts, of="vision guardian", because=["every industry is judged"]
        ),
    )


def _unmapped(industry: Industry) -> Iterable[str]:
    for regulation in industry.regulations:
        if not regulation.requirements:
            yield f"{regulation.name} is mapped to no rule"


def _unbounded(industry: Industry) -> Iterable[str]:
    """Look for classes without a mask; each has a retention by its very form."""
    if not industry.data_classes:
        yield "no class of data is named"
    for data in industry.data_classes:
        if data.classification in {"confidential", "restricted_pii"} and not data.masking_rule:
            yield f"{data.name} is {data.classification} and has no masking rule"


def _unresolved(industry: Industry) -> Iterable[str]:
    """Hold the references against the report of the index that was built for them."""
    named = {
        name: ref
        for name in ("terminology_ref", "embeddings_ref")
        if (ref := getattr(industry, name)) is not None
    }
    if not named:
        return
    found, why = report(industry.test_evidence, "knowledge_index")
    if found is None:
        yield why
        return
    for name, ref in named.items():
        if found.get(name) != ref:
            yield f"{name} {ref} does not resolve"
    floors = {"terms": 1, "chunks": MIN_CHUNKS, "sources": MIN_SOURCES}
    for name, floor in floors.items():
        count = found.get(name)
        if not isinstance(count, int) or count < floor:
            yield f"the index has {count} {name}, fewer than {floor}"
