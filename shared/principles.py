"""The seven principles of the constitution, and how a breach of one is said."""

from collections.abc import Iterable
from typing import Literal

from shared.errors import Violation
from shared.records import dataclass


@dataclass(frozen=True)
class Principle:
    """One of the seven L0 principles."""

    code: str
    name: str
    obligation: str
    severity: Literal["high", "critical"]


PRINCIPLES: tuple[Principle, ...] = (
    Principle(
        code="L0-01",
        name="Single Governor",
        obligation="Every entity answers to exactly one governance agent; every approval boundary has"
        " exactly one Governor; nobody approves themselves.",
        severity="critical",
    ),
    Principle(
        code="L0-02",
        name="Agent Specialization",
        obligation="One industry, one job role, an explicit skill list and can/cannot boundaries.",
        severity="high",
    ),
    Principle(
        code="L0-03",
        name="External Execution Approval",
        obligation="No effect outside the platform without a valid approval.",
        severity="critical",
    ),
    Principle(
        code="L0-04",
        name="Deny-by-Default",
        obligation="What is not listed is forbidden; a missing decision means deny.",
        severity="critical",
    ),
    Principle(
        code="L0-05",
        name="Immutable Audit Trail",
        obligation="History only grows, is hash-linked and signed, and every change is one event in"
        " the log.",
        severity="critical",
    ),
    Principle(
        code="L0-06",
        name="Data Minimization",
        obligation="Only declared fields, for a declared purpose, for a bounded time; secrets by"
        " reference.",
        severity="high",
    ),
    Principle(
        code="L0-07",
        name="Governance Protocols",
        obligation="Legal state transitions, certification before use, changes through the proper"
        " track.",
        severity="high",
    ),
)

_NAMES = {principle.code: principle.name for principle in PRINCIPLES}


def breach(code: str, problem: str, field: str | None = None) -> Violation:
    """Return the violation of a principle or an invariant: ``L0-01: governance_agent_id missing``."""
    return Violation(
        rule=code, message=f"{code}: {problem}", field=field, principle=_NAMES.get(code)
    )


def l0_results(violations: Iterable[Violation]) -> dict[str, bool]:
    """Return for each principle whether it is kept."""
    broken = {violation.rule for violation in violations}
    return {principle.code: principle.code not in broken for principle in PRINCIPLES}
