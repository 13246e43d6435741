"""One condition of an automatic answer: whether it holds, and what was compared, in words."""

from collections.abc import Iterable

from shared.entity import Value


class Reason(Value):
    """One condition of an automatic answer, whether it holds, and what was compared."""

    rule: str
    """Which condition it is, for programs."""
    passed: bool
    """Whether it holds."""
    detail: str
    """What was compared with what, for people."""
    known: bool = True
    """Whether there was something to compare; what is unknown never holds."""


def reason(rule: str, holds: bool | None, detail: str) -> Reason:
    """Return a reason by its truth: yes, no, or None where that is not known."""
    return Reason(rule=rule, passed=holds is True, known=holds is not None, detail=detail)


def hold(reasons: Iterable[Reason]) -> bool:
    """Say whether all of them hold."""
    return all(reason.passed for reason in reasons)
