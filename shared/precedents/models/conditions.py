"""A condition of a rule: true, false or unknown, and only what is true counts."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from shared.approvals.models.parts import Fact, Member
from shared.entity import Value
from shared.precedents.models.facts import FACTS, Declared, read
from shared.precedents.models.reasons import Reason, reason

Operator = Literal["eq", "ne", "lte", "gte", "in", "subset", "exists"]

OPERATORS: Mapping[str, frozenset[Operator]] = {
    "truth": frozenset({"eq", "ne", "exists"}),
    "number": frozenset({"eq", "ne", "lte", "gte", "in", "exists"}),
    "code": frozenset({"eq", "ne", "in", "exists"}),
    "names": frozenset({"subset", "exists"}),
}
"""What may be asked of each kind of fact."""

_ASKED: Mapping[Operator, str] = {
    "eq": "it must be {}",
    "ne": "it must be known and other than {}",
    "lte": "{} at most",
    "gte": "{} at least",
    "in": "it must be one of {}",
    "subset": "only {} may be among them",
    "exists": "it must be stated",
}


class Condition(Value):
    """One comparison with a verified fact; one that is missing, of another type or written otherwise is unknown."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,30}$")]
    """What it is cited by."""
    fact: Member
    """The name of a declared fact."""
    operator: Operator
    """How it is compared."""
    value: Fact | Annotated[tuple[Fact, ...], Field(max_length=50)]
    """What it is compared with; several for `in` and `subset`."""


def compared(condition: Condition, facts: Mapping[str, Fact]) -> Reason:
    """Say whether a condition holds, or that this is not known."""
    value, said = read(facts, condition.fact)
    asked = _ASKED[condition.operator].format(_shown(condition.value))
    holds = None if value is None or unmeasurable(condition) else _holds(condition, value)
    return reason(f"condition {condition.id}", holds, f"{said}; {asked}")


def unmeasurable(condition: Condition) -> str:
    """Say what is wrong with a condition that can never be known to hold, in words; empty where nothing is."""
    declared = FACTS.get(condition.fact)
    if declared is None:
        return f"{condition.fact} is no fact that anybody verifies"
    if condition.operator not in OPERATORS[declared.kind]:
        return f"{condition.operator} says nothing about {condition.fact}, which is {declared.described}"
    if condition.operator == "exists":
        return "" if condition.value is True else "what is not stated is no ground for a yes"
    listed = isinstance(condition.value, tuple)
    if listed != (condition.operator in {"in", "subset"}) or condition.value == ():
        return f"{condition.operator} takes {'one value' if listed else 'a list of values'}"
    if all(_fits(declared, one) for one in _each(condition.value)):
        return ""
    return (
        f"{condition.fact} is {declared.described}, and is compared with {_shown(condition.value)}"
    )


def _holds(condition: Condition, value: object) -> bool:
    """Compare a known value with what it can be compared with, as `unmeasurable` made sure of."""
    expected = condition.value
    match condition.operator:
        case "eq":
            return value == expected
        case "ne":
            return value != expected
        case "lte" | "gte":
            least, most = (value, expected) if condition.operator == "lte" else (expected, value)
            return type(least) is int and type(most) is int and least <= most
        case "in":
            return value in _each(expected)
        case "subset":
            return isinstance(value, frozenset) and value <= set(_each(expected))
        case _:
            return True


def _fits(declared: Declared, expected: Fact) -> bool:
    if declared.kind == "names":
        return declared.spelt(expected)
    return declared.read(expected) is not None


def _each(value: Fact | tuple[Fact, ...]) -> tuple[Fact, ...]:
    return value if isinstance(value, tuple) else (value,)


def _shown(value: Fact | tuple[Fact, ...]) -> str:
    shown = (f"“{one}”" if isinstance(one, str) else str(one).lower() for one in _each(value))
    return ", ".join(shown)
