"""
Make functions of conditions, once, that are asked of many documents.

Each is made for one of two ways of asking. *Wide* is that of what restricts: a text is any of its spellings. The other
is that of what allows: a text is what it is to the letter. An opposite asks the other way, so that `not` makes no hole:
what allows unless a tool is named allows none of the spellings of that name. What a function counts of texts, or says of
one, may be compared with anything: it is asked both ways, and what restricts matches where either way makes it true, what
allows where both do.
"""

from collections.abc import Callable, Mapping
from typing import Any

from shared.policy.rules.language import nodes, values
from shared.policy.rules.language.values import UNDEFINED, Truth

MAX_STEPS = 30_000
"""How many steps all policies together may take for one document; the slowest step takes some 10 µs."""


class TooLong(Exception):
    """An evaluation that took more steps than it may."""


class Asked:
    """A document, and how many steps were taken with it."""

    __slots__ = ("document", "left")

    def __init__(self, document: Mapping[str, Any], steps: int = MAX_STEPS) -> None:
        """Begin with all steps that there are."""
        self.document, self.left = document, steps

    def spend(self, steps: int) -> None:
        """
        Count steps.

        Raises:
            TooLong: There were too many.
        """
        self.left -= steps
        if self.left < 0:
            raise TooLong


Condition = Callable[[Asked], Truth]
Value = Callable[[Asked], Any]
_Two = Callable[[Any, Any, bool, values.Spend], Truth]

COMPARED: Mapping[str, _Two] = {
    "==": values.equal,
    "in": values.among,
    "contains": values.contains,
    "starts_with": values.begins,
    "ends_with": values.ends,
    "matches": values.matches,
}
OPPOSITES = {"!=": "==", "not in": "in"}

FUNCTIONS: Mapping[str, tuple[int, int]] = {
    "exists": (1, 1),
    "len": (1, 1),
    "lower": (1, 1),
    "upper": (1, 1),
    "count": (1, 2),
    "labels": (1, 1),
    "has_label": (2, 2),
    "is_email": (1, 1),
    "is_phone": (1, 1),
    "is_card": (1, 1),
    "is_national_id": (1, 1),
    "contains_pii": (1, 1),
}
"""The functions of the language, with how many arguments each takes at least and at most."""


def condition(expression: nodes.Expression, *, wide: bool) -> Condition:
    """Make a condition of what a policy says."""
    match expression:
        case nodes.And(parts=parts) | nodes.Or(parts=parts):
            each = tuple(condition(one, wide=wide) for one in parts)
            joined = values.all_of if isinstance(expression, nodes.And) else values.any_of
            return lambda asked: joined(one(asked) for one in each)
        case nodes.Not(of=of):
            inner = condition(of, wide=not wide)
            return lambda asked: values.opposite(inner(asked))
        case nodes.Compare(operator=operator) if operator in OPPOSITES:
            inner = _read(expression, OPPOSITES[operator], not wide)
            return lambda asked: values.opposite(inner(asked))
        case nodes.Compare():
            return _read(expression, expression.operator, wide)
        case _:
            return _truth(value(expression, wide=wide))


def value(operand: nodes.Expression, *, wide: bool) -> Value:
    """Make a function of an operand, which returns what it comes to."""
    match operand:
        case nodes.Text() | nodes.Number() | nodes.Constant():
            said: str | int | None = operand.value
            return lambda _: said
        case nodes.Listed(items=items):
            each = tuple(value(one, wide=wide) for one in items)
            return lambda asked: [one(asked) for one in each]
        case nodes.Path(steps=steps):
            return _path(steps)
        case nodes.Function():
            return _called(operand, wide)
        case _:
            raise TypeError(f"a {operand.kind} is no operand")


def _truth(of: Value) -> Condition:
    def asked_for(asked: Asked) -> Truth:
        asked.spend(1)
        found = of(asked)
        return found if isinstance(found, bool) else None

    return asked_for


def _path(steps: tuple[str | int, ...]) -> Value:
    if len(steps) == 2 and steps[1] != nodes.EACH and isinstance(steps[1], str):
        first, second = str(steps[0]), steps[1]

        def member(asked: Asked) -> Any:
            """Nearly all paths are of a part and its member."""
            part = asked.document.get(first, UNDEFINED)
            return part.get(second, UNDEFINED) if isinstance(part, dict) else UNDEFINED

        return member
    return lambda asked: values.at(steps, asked.document, asked.spend)


def _read(one: nodes.Compare, operator: str, wide: bool) -> Condition:
    """Make a comparison; where it is of what a function says of texts, of both ways to read them."""
    if not any(_reads(part) for part in nodes.inside(one)):
        return _compared(one, operator, wide, wide)
    ways = tuple(_compared(one, operator, wide, each) for each in (False, True))
    joined = values.any_of if wide else values.all_of
    return lambda asked: joined([way(asked) for way in ways])


def _reads(part: nodes.Expression) -> bool:
    if not isinstance(part, nodes.Function):
        return False
    return part.function == "has_label" or (part.function == "count" and len(part.arguments) == 2)


def _compared(one: nodes.Compare, operator: str, wide: bool, inside: bool) -> Condition:
    left, right = value(one.left, wide=inside), value(one.right, wide=inside)
    if operator == "==" and any(
        isinstance(side, nodes.Constant) and side.value is None for side in (one.left, one.right)
    ):
        return _null(left, right)
    compare = COMPARED.get(operator)

    def asked_for(asked: Asked) -> Truth:
        asked.spend(1)
        if compare:
            return compare(left(asked), right(asked), wide, asked.spend)
        return values.ordered(left(asked), operator, right(asked))

    return asked_for


def _null(left: Value, right: Value) -> Condition:
    """Ask whether something is null, which whoever writes it asks of a value of any type."""

    def asked_for(asked: Asked) -> Truth:
        asked.spend(1)
        one, other = left(asked), right(asked)
        return None if UNDEFINED in (one, other) else one is None and other is None

    return asked_for


def _called(call: nodes.Function, wide: bool) -> Value:
    each = tuple(value(one, wide=wide) for one in call.arguments)
    made = _MADE.get(call.function)
    if made:
        return made(each, wide)
    kind, first = call.function.removeprefix("is_"), each[0]
    return lambda asked: _known(values.is_all(first(asked), kind, asked.spend))


def _exists(each: tuple[Value, ...], _: bool) -> Value:
    return lambda asked: _known(values.there(each[0](asked)))


def _sized(each: tuple[Value, ...], _: bool) -> Value:
    return lambda asked: values.size(each[0](asked))


def _lower(each: tuple[Value, ...], _: bool) -> Value:
    return lambda asked: _cased(each[0](asked), asked, lower=True)


def _upper(each: tuple[Value, ...], _: bool) -> Value:
    return lambda asked: _cased(each[0](asked), asked, lower=False)


def _labels(each: tuple[Value, ...], _: bool) -> Value:
    return lambda asked: values.labels_of(each[0](asked))


def _has_label(each: tuple[Value, ...], wide: bool) -> Value:
    return lambda asked: _known(
        values.among(each[1](asked), values.labels_of(each[0](asked)), wide, asked.spend)
    )


def _personal(each: tuple[Value, ...], _: bool) -> Value:
    return lambda asked: _known(values.personal(each[0](asked), asked.spend))


def _cased(text: Any, asked: Asked, *, lower: bool) -> Any:
    if not isinstance(text, str):
        return UNDEFINED
    asked.spend(len(text) // 64)
    return text.lower() if lower else text.upper()


def _counted(each: tuple[Value, ...], wide: bool) -> Value:
    def counted(asked: Asked) -> Any:
        items = each[0](asked)
        if not isinstance(items, list):
            return UNDEFINED
        asked.spend(len(items))
        if len(each) == 1:
            return len(items)
        wanted = each[1](asked)
        found = [values.equal(one, wanted, wide, asked.spend) for one in items]
        return UNDEFINED if None in found else found.count(True)

    return counted


def _known(truth: Truth) -> Any:
    return UNDEFINED if truth is None else truth


_MADE: Mapping[str, Callable[[tuple[Value, ...], bool], Value]] = {
    "exists": _exists,
    "len": _sized,
    "lower": _lower,
    "upper": _upper,
    "count": _counted,
    "labels": _labels,
    "has_label": _has_label,
    "contains_pii": _personal,
}
"""How functions are made; the others ask whether all of a text is of one kind."""
