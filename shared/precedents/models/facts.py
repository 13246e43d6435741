"""
The facts that rules may be about: what each is, how it is written, and who verifies it.

A fact that is not declared here is known to nobody. One that is of another type, or written otherwise, is
as unknown as one that is missing: what merely looks different from a value is not known to differ from it.
"""

import re
from collections.abc import Mapping
from typing import Literal

from shared.approvals.models.parts import Fact
from shared.records import dataclass

Known = bool | int | str | frozenset[str]
"""A fact that is what its declaration says."""

_CODE = r"[a-z0-9][a-z0-9_.:/-]{0,99}"


@dataclass(frozen=True)
class Declared:
    """A fact as it is declared."""

    kind: Literal["truth", "number", "code", "names"]
    source: str
    """Where it comes from, and so who verified it."""

    spelling: str = _CODE
    """How a code is written, or each of the names."""

    bears_effect: bool = True
    """Whether it matters for what happens; what does not may be stated to any rule."""

    @property
    def described(self) -> str:
        """What is asked for, as a sentence says it."""
        return {
            "truth": "true or false",
            "number": "a whole number that is not negative",
            "code": "a code of one spelling",
            "names": "names of one spelling, with commas between them",
        }[self.kind]

    def read(self, fact: Fact) -> Known | None:
        """Return what a fact says, or None where it is not what it is declared to be."""
        match self.kind:
            case "truth":
                return fact if isinstance(fact, bool) else None
            case "number":
                return fact if type(fact) is int and fact >= 0 else None
            case "code":
                return fact if self.spelt(fact) else None
            case "names":
                names = fact.split(",") if isinstance(fact, str) and fact else ()
                fits = isinstance(fact, str) and all(map(self.spelt, names))
                return frozenset(names) if fits else None

    def spelt(self, text: object) -> bool:
        """Say whether a code is written as it must be."""
        return isinstance(text, str) and re.fullmatch(self.spelling, text) is not None


FACTS: Mapping[str, Declared] = {
    "alignment_score": Declared("number", "the reviews of the pipeline, of 100"),
    "completeness": Declared("number", "the platform's count over the way of working, in percent"),
    "rollback_planned": Declared("truth", "the deployment plan that the pipeline keeps"),
    "rollback_tested": Declared("truth", "the report of the rollback's test"),
    "tests_passed": Declared("truth", "the test report"),
    "manifest_hash": Declared(
        "code", "the certified manifest; the act itself names it", "[0-9a-f]{64}", False
    ),
    "data_classes": Declared("names", "the certified manifest, or the step's data flow"),
    "integrations": Declared("names", "the certified manifest, or the step's plan"),
    "records": Declared("number", "the count of what the step touches"),
    "recipients": Declared("number", "the count of whom the step reaches"),
    "amount_minor": Declared("number", "the step's cost or price, in minor units"),
    "contains_personal_data": Declared("truth", "the detectors of personal data"),
    "country": Declared("code", "ISO 3166-1 alpha-2, of whom the step reaches", "[A-Z]{2}"),
    "fact_check": Declared("code", "the fact check of the content", "passed|failed"),
    "hipaa_compliant": Declared("truth", "the compliance check of the content"),
    "medical_claims_verified": Declared("truth", "the check of every medical claim"),
    "high_risk_claims": Declared("truth", "the same check: experimental or off-label claims"),
    "inside_team": Declared("truth", "the team's own list of members"),
}
"""Every fact there is, by its one name. Where a new service verifies something, it is declared here."""


def read(facts: Mapping[str, Fact], name: str) -> tuple[Known | None, str]:
    """Return a fact as it is declared, or None, and what is to be said of it."""
    declared = FACTS.get(name)
    if declared is None:
        return None, f"{name} is no fact that anybody verifies"
    if name not in facts:
        return None, f"{name} is not stated"
    fact = facts[name]
    found = declared.read(fact)
    shown = f"“{fact}”" if isinstance(fact, str) else str(fact).lower()
    if found is None:
        return None, f"{name} is {shown}, where {declared.described} is asked for"
    return found, f"{name} is {shown}"


def unspoken(facts: Mapping[str, Fact], spoken_of: frozenset[str]) -> tuple[str, ...]:
    """Return the facts that are stated, may matter for what happens, and that a rule does not speak of."""
    return tuple(
        name
        for name in sorted(set(facts) - spoken_of)
        if name not in FACTS or FACTS[name].bears_effect
    )
