"""Genesis's five questions about a rule, as far as code can answer them."""

import re
from collections.abc import Iterable

from shared.precedents.events import SeedReviewed
from shared.precedents.models.conditions import unmeasurable
from shared.precedents.models.seeds import Finding, PrecedentSeed, Rule, Validation
from shared.precedents.models.weakening import weakens
from shared.principles import PRINCIPLES

MIN_SAMPLES = 3
"""How many decided cases a rule must rest on, unless a Governor wrote it."""

IN_PLAY = ("shadow", "active")
"""The statuses in which two seeds of one class must not contradict each other."""

_CITED = re.compile(r"\b(L0-\d{2}|L1-[A-Z]{2,5}-\d{2})\b")
_L0 = frozenset(principle.code for principle in PRINCIPLES)


def findings(seed: PrecedentSeed) -> tuple[Finding, ...]:
    """Answer the five questions about a seed."""
    weak = "; ".join(weakens(seed))
    return (
        _finding("S1", _inconsistent(seed), "it is consistent with the constitution"),
        _finding("S2", _vague(seed), "every condition can be measured"),
        _finding(
            "S3", _unjustified(seed), "it cites a principle, shows a case and rests on samples"
        ),
        _finding("S4", _particular(seed), "it is not about one customer"),
        _finding("S5", weak, "it weakens no gate"),
    )


def failed(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings against a rule."""
    return tuple(one for one in found if not one.passed)


def reviewing(validation: Validation) -> SeedReviewed:
    """Return the event of a rule that did not pass."""
    wrong = tuple(one.code for one in failed(validation.findings))
    return SeedReviewed(outcome=validation.outcome, failed=wrong)


def clashes(seed: PrecedentSeed, others: Iterable[PrecedentSeed]) -> tuple[PrecedentSeed, ...]:
    """Return the seeds in force, or on trial, that answer its class otherwise and are not superseded by it."""
    return tuple(
        other
        for other in others
        if other.id not in {seed.id, seed.supersedes}
        and other.status in IN_PLAY
        and other.approval_class == seed.approval_class
        and other.decision != seed.decision
    )


def cited(text: str) -> frozenset[str]:
    """Return the codes of principles and invariants that a text names."""
    return frozenset(_CITED.findall(text))


def _finding(code: str, problem: str, good: str) -> Finding:
    return Finding(code=code, passed=not problem, detail=problem or good)


def _inconsistent(seed: PrecedentSeed) -> str:
    unknown = {code for code in cited(seed.rationale) if code.startswith("L0-")} - _L0
    if unknown:
        return f"it cites principles that do not exist: {', '.join(sorted(unknown))}"
    if seed.auto_approve and seed.domain == "ethics":
        return "a rule of ethics may only add gates"
    if seed.auto_approve != (seed.decision == "approved"):
        return "what decides by itself approves, and what adds a gate does not decide"
    return ""


def _vague(seed: Rule) -> str:
    if seed.auto_approve and not seed.conditions:
        return "a rule that decides needs at least one condition"
    names = [condition.id for condition in seed.conditions]
    if len(set(names)) < len(names):
        return "two conditions have the same id"
    wrong = [f"{one.id}: {said}" for one in seed.conditions if (said := unmeasurable(one))]
    if not wrong and seed.auto_approve and seed.coverage is None:
        return "a rule that decides names the acts that it admits, with their arguments (coverage)"
    return "; ".join(wrong)


def _unjustified(seed: PrecedentSeed) -> str:
    if not cited(seed.rationale):
        return "the rationale cites no principle (L0-…) and no invariant (L1-…)"
    if not seed.by_governor and seed.sample_count < MIN_SAMPLES:
        return f"it rests on {seed.sample_count} samples; {MIN_SAMPLES} are needed"
    return ""


def _particular(seed: Rule) -> str:
    tenants = seed.scope_ceiling.tenants
    one = tenants != "*" and len(set(tenants)) == 1 and set(tenants) != {"platform"}
    return "it holds for one customer only" if one else ""
