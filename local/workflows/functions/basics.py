"""The expression helpers, and the modules list, map and math."""

import math
from collections.abc import Callable
from typing import Any

from local.workflows.errors import raised
from local.workflows.functions.registry import expect, function
from local.workflows.numerals import read_double, read_integer
from local.workflows.operators import as_text, boolean
from local.workflows.values import Value, equal, integer, measured, type_name

# The names of some arguments are the documentation's.
# ruff: noqa: N803


@function("default")
def default(val: Value, defaultVal: Value) -> Value:
    """Return *val*, or *defaultVal* if it is null."""
    return defaultVal if val is None else val


@function("if")
def choose(condition: Value, ifTrue: Value, ifFalse: Value) -> Value:
    """Choose between two values, both of which were evaluated; null is as good as false."""
    holds = condition is not None and boolean(condition, "the first argument of 'if'")
    return ifTrue if holds else ifFalse


@function("len")
def length(value: Value) -> int:
    """Count the elements of a list or map, or the characters of a string."""
    return len(expect(value, "the argument of 'len'", list, dict, str))


@function("keys")
def keys(map: Value) -> list[str]:
    """List the keys of a map."""
    return list(expect(map, "the argument of 'keys'", dict))


def _finite(value: float, cut: Callable[[float], int]) -> int:
    """Make an integer of a double, which must be finite."""
    try:
        return integer(cut(value))
    except (OverflowError, ValueError):
        raise raised("ValueError", f"there is no integer for {value}") from None


@function("int")
def to_integer(value: Value) -> int:
    """Read a string, or cut the fraction off a number."""
    if isinstance(expect(value, "the argument of 'int'", str, float, int), str):
        return read_integer(value)
    return _finite(value, int)


@function("double")
def to_double(value: Value) -> float:
    """Read a string, or widen an integer."""
    found = expect(value, "the argument of 'double'", str, int, float)
    return read_double(found) if isinstance(found, str) else float(found)


@function("string")
def to_string(value: Value) -> str:
    """Write a number or a boolean as a string."""
    return as_text(value)


@function("get_type")
def get_type(value: Value) -> str:
    """Name the type of a value."""
    return type_name(value)


@function("list.concat")
def concat(objs: Value, val: Value) -> list[Value]:
    """Return a copy with one more element at the end; a list is one element too."""
    return [*expect(objs, "objs", list), val]


@function("list.prepend")
def prepend(objs: Value, val: Value) -> list[Value]:
    """Return a copy with one more element in front."""
    return [val, *expect(objs, "objs", list)]


@function("map.get")
def map_get(map: Value, keys: Value) -> Value:
    """Follow a key or a list of keys; null where something is missing or no map."""
    path = keys if isinstance(keys, list) else [keys]
    for key in path:
        expect(key, "a key", str)
    found = map
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


@function("map.delete")
def map_delete(map: Value, key: Value) -> dict[str, Value]:
    """Return a copy without one key."""
    expect(key, "key", str)
    return {k: v for k, v in expect(map, "map", dict).items() if k != key}


@function("map.merge")
def map_merge(first: Value, second: Value) -> dict[str, Value]:
    """Return a map of both; the second one wins."""
    return {**expect(first, "first", dict), **expect(second, "second", dict)}


@function("map.merge_nested")
def map_merge_nested(first: Value, second: Value) -> dict[str, Value]:
    """Return a map of both, merging maps inside them too."""
    return _nested(measured(expect(first, "first", dict)), measured(expect(second, "second", dict)))


def _nested(first: Value, second: Value) -> dict[str, Value]:
    merged = dict(first)
    for key, value in second.items():
        mine = merged.get(key)
        both = isinstance(mine, dict) and isinstance(value, dict)
        merged[key] = _nested(mine, value) if both else value
    return merged


def _number(value: Value, name: str) -> Any:
    return expect(value, name, int, float)


@function("math.abs")
def absolute(x: Value) -> Value:
    """Return the absolute value."""
    value = abs(_number(x, "x"))
    return integer(value) if isinstance(value, int) else value


@function("math.floor")
def floor(x: Value) -> int:
    """Return the greatest integer that is not greater."""
    return _finite(_number(x, "x"), math.floor)


def _alike(x: Value, y: Value) -> list[Value]:
    """Return two numbers, as doubles unless both are integers."""
    both = [_number(x, "x"), _number(y, "y")]
    return both if all(isinstance(value, int) for value in both) else [float(x), float(y)]


@function("math.max")
def maximum(x: Value, y: Value) -> Value:
    """Return the greater number, a double unless both are integers."""
    return max(_alike(x, y))


@function("math.min")
def minimum(x: Value, y: Value) -> Value:
    """Return the lesser number, a double unless both are integers."""
    return min(_alike(x, y))


@function("retry.always")
def always(exception: Value) -> bool:  # noqa: ARG001 - every predicate takes the error
    """Retry whatever went wrong."""
    return True


@function("retry.never")
def never(exception: Value) -> bool:  # noqa: ARG001 - every predicate takes the error
    """Do not retry."""
    return False


def _retries(exception: Value, codes: set[int], tags: set[str]) -> bool:
    if not isinstance(exception, dict):
        return False
    found = exception.get("tags")
    found = found if isinstance(found, list) else []
    if any(equal(tag, wanted) for tag in found for wanted in tags):
        return True
    return "HttpError" in found and any(equal(exception.get("code"), code) for code in codes)


@function("http.default_retry_predicate")
def idempotent_predicate(exception: Value) -> bool:
    """Tell whether a call that may be repeated is worth repeating."""
    return _retries(
        exception,
        {429, 502, 503, 504},
        {"ConnectionError", "ConnectionFailedError", "TimeoutError"},
    )


@function("http.default_retry_predicate_non_idempotent")
def non_idempotent_predicate(exception: Value) -> bool:
    """Tell whether a call surely had no effect, so that it may be repeated."""
    return _retries(exception, {429, 503}, {"ConnectionFailedError"})
