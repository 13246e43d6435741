"""What the operators of expressions do."""

import math
from collections.abc import Callable

from local.workflows.errors import Raised, raised
from local.workflows.numerals import write_double
from local.workflows.values import (
    STRING_LIMIT,
    Value,
    equal,
    integer,
    is_number,
    length,
    measured,
    room,
    string,
    type_name,
)


def _number(value: float) -> float:
    return integer(value) if isinstance(value, int) else value


def _text(value: Value) -> str:
    """Write a value as `string()` does."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return write_double(value) if isinstance(value, float) else str(value)


def as_text(value: Value) -> str:
    """Turn a number, a boolean or a string into a string."""
    if isinstance(value, str | bool | int | float):
        return _text(value)
    raise raised("TypeError", f"cannot make a string of a value of type {type_name(value)}")


def _unsupported(operator: str, left: Value, right: Value) -> Raised:
    return raised(
        "TypeError",
        f"unsupported operand types for {operator}: {type_name(left)} and {type_name(right)}",
    )


def _add(left: Value, right: Value) -> Value:
    if is_number(left) and is_number(right):
        return _number(left + right)
    scalars = all(isinstance(v, str | bool) or is_number(v) for v in (left, right))
    if scalars and (isinstance(left, str) or isinstance(right, str)):
        left, right = _text(left), _text(right)
        if len(left) + len(right) > STRING_LIMIT:
            room(length(left) + length(right))
        return string(left + right)
    raise _unsupported("+", left, right)


def _arithmetic(
    operator: str, compute: Callable[[Value, Value], Value]
) -> Callable[[Value, Value], Value]:
    def apply(left: Value, right: Value) -> Value:
        if not (is_number(left) and is_number(right)):
            raise _unsupported(operator, left, right)
        try:
            return _number(compute(left, right))
        except ZeroDivisionError:
            raise raised("ZeroDivisionError", "division by zero") from None
        except OverflowError:
            raise raised("ValueError", "the result does not fit into a double") from None

    return apply


def _remainder(left: Value, right: Value) -> Value:
    if right == 0:
        raise ZeroDivisionError
    both_integers = isinstance(left, int) and isinstance(right, int)
    return left % right if both_integers else math.fmod(left, right)


def _ordered(
    operator: str, compare: Callable[[Value, Value], bool]
) -> Callable[[Value, Value], Value]:
    def apply(left: Value, right: Value) -> Value:
        numbers = is_number(left) and is_number(right)
        if not numbers and not (isinstance(left, str) and isinstance(right, str)):
            raise _unsupported(operator, left, right)
        return compare(left, right)

    return apply


def _equal(left: Value, right: Value) -> bool:
    if isinstance(left, list | dict):
        measured(left)
    return equal(left, right)


def _contains(item: Value, container: Value) -> bool:
    if isinstance(container, list):
        measured(container)
        return any(equal(item, other) for other in container)
    if isinstance(container, dict):
        return isinstance(item, str) and item in container
    raise raised(
        "TypeError",
        f"The argument of 'in' must be a dict or an array; got: {type_name(container)}",
    )


BINARY: dict[str, Callable[[Value, Value], Value]] = {
    "+": _add,
    "-": _arithmetic("-", lambda a, b: a - b),
    "*": _arithmetic("*", lambda a, b: a * b),
    "/": _arithmetic("/", lambda a, b: a / b),
    "//": _arithmetic("//", lambda a, b: a // b),
    "%": _arithmetic("%", _remainder),
    "<": _ordered("<", lambda a, b: a < b),
    "<=": _ordered("<=", lambda a, b: a <= b),
    ">": _ordered(">", lambda a, b: a > b),
    ">=": _ordered(">=", lambda a, b: a >= b),
    "==": _equal,
    "!=": lambda a, b: not _equal(a, b),
    "in": _contains,
}


def boolean(value: Value, where: str) -> bool:
    """Return a boolean, or say which place needs one."""
    if isinstance(value, bool):
        return value
    raise raised("TypeError", f"{where} must be a boolean; got: {type_name(value)}")


def negative(value: Value) -> Value:
    """Return `-value`."""
    if not is_number(value):
        raise raised("TypeError", f"unsupported operand type for -: {type_name(value)}")
    return _number(-value)
