"""Try a policy: what it decides about a document by itself, and whether that is what somebody expects."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from shared.deciding import Finding, Merged, Verdict, denial, merge
from shared.policy.rules.language.conditions import Asked
from shared.policy.rules.language.evaluation import PDP_ERROR, Evaluator, Said, judged
from shared.policy.rules.language.histories import after, broken_in, with_history
from shared.records import dataclass


@dataclass(frozen=True)
class Case:
    """A document, and what should be decided about it."""

    name: str
    given: Mapping[str, Any]
    expect: Verdict
    by: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What one policy alone decides about a document that the platform allows."""

    applies: bool
    merged: Merged
    said: Said
    steps: int
    """How many steps that took, of those that there are."""

    @property
    def verdict(self) -> Verdict:
        """What comes of it."""
        return self.merged.verdict

    @property
    def by(self) -> tuple[str, ...]:
        """The rules that it comes of; `no_rule` where none allows."""
        match self.verdict:
            case "allow":
                found = list(self.said.rules)
            case "allow_with_obligations":
                found = [one.source_rule for one in self.merged.obligations]
            case _:
                found = [one.rule for one in self.merged.reasons]
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class Tried:
    """A case, and what became of it."""

    case: Case
    outcome: Outcome

    @property
    def passed(self) -> bool:
        """Whether it was decided as expected, by the rule that was expected."""
        as_expected = self.outcome.verdict == self.case.expect
        return as_expected and (self.case.by is None or self.case.by in self.outcome.by)


def outcome(policy: Evaluator, document: Mapping[str, Any]) -> Outcome:
    """Return what a policy decides; where it does not apply, what the platform says stands."""
    asked = Asked(document)
    before = asked.left
    said = _with_history(policy, judged(policy, asked), document)
    every = {"platform": Finding(allow=True)}
    if said.finding is not None:
        every[policy.policy.name] = said.finding
    return Outcome(said.finding is not None, merge(every), said, before - max(asked.left, 0))


def _with_history(policy: Evaluator, said: Said, document: Mapping[str, Any]) -> Said:
    if not policy.policy.histories:
        return said
    try:
        known = after(policy.policy, document)
        finding = with_history(policy.policy, said.finding, known)
    except Exception as error:  # noqa: BLE001 - whatever somebody tries it with, it is no yes
        why = f"what was done, or is to be done, cannot be compared ({type(error).__name__})"
        return Said(denial(policy.policy.name, PDP_ERROR, why, "high"), (PDP_ERROR,))
    if finding is said.finding:
        return said
    broken = (one["rule"].rpartition("/")[2] for one in broken_in(known))
    return replace(said, finding=finding, rules=(*said.rules, *broken))


def own_cases(policy: Evaluator) -> tuple[Case, ...]:
    """Return the tests that a policy brings."""
    return tuple(Case(o.name, o.given, o.expect, o.by) for o in policy.policy.tests)


def tried(policy: Evaluator, cases: Iterable[Case]) -> tuple[Tried, ...]:
    """Return what becomes of each case."""
    return tuple(Tried(one, outcome(policy, one.given)) for one in cases)


def coverage_bp(policy: Evaluator, results: Iterable[Tried]) -> int:
    """Return the share of its rules that matched in a case, in basis points (100 are one percent)."""
    rules = {one.name for one in policy.policy.rules}
    rules |= {one.name for one in policy.policy.histories}
    matched = {name for one in results for name in one.outcome.said.rules} & rules
    return len(matched) * 10_000 // len(rules) if rules else 10_000
