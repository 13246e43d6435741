"""
The values of the language, and how they are compared, measured, changed and written down.

A value is null, a boolean, a 64-bit integer, a double, a string, bytes, a list or a map with string
keys. They are passed by value: here no list or map is ever changed in place, so that sharing one is
as good as copying it, and a change copies only the containers on its path.
"""

import base64
import hashlib
import json
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.workflows.errors import limit, raised

# The language is dynamically typed; its rules are checked where a value is used.
Value = Any

STRING_LIMIT = 256 * 1024
MEMORY_LIMIT = 512 * 1024
ARGUMENT_LIMIT = 32 * 1024
INTEGER_MIN, INTEGER_MAX = -(2**63), 2**63 - 1
_CONTAINERS = (list, dict)
_EIGHT_BYTES, _STRINGS = {int, float, bool, type(None)}, {str}
# What is sent or told may be larger than what is kept.
_TOLD_LIMIT = 4 * MEMORY_LIMIT
_MARK = '"$'
_HALF = re.compile("[\ud800-\udfff]")
# Deeper values would exhaust the stack of whoever walks through them.
_NESTING_LIMIT, _DEPTH_LIMIT = 500, 1000


@dataclass(frozen=True)
class Reference:
    """A subworkflow or function named where a value is expected, as in `predicate: ${f}`."""

    name: str


def type_name(value: Value) -> str:
    """Return what `get_type` answers."""
    names = {
        type(None): "null",
        bool: "boolean",
        int: "integer",
        float: "double",
        str: "string",
        bytes: "bytes",
        list: "list",
        dict: "map",
    }
    return names.get(type(value), "function")


def is_number(value: Value) -> bool:
    """Tell whether *value* is an integer or a double."""
    kind = type(value)
    return kind is int or kind is float


def integer(value: int) -> int:
    """Refuse an integer that 64 bits cannot hold."""
    if INTEGER_MIN <= value <= INTEGER_MAX:
        return value
    raise raised("ValueError", "integer overflow: the result does not fit into 64 bits")


def _parsed_integer(digits: str) -> int | float:
    """Read an integer of a JSON text; one that 64 bits cannot hold becomes a double."""
    value = int(digits)
    return value if INTEGER_MIN <= value <= INTEGER_MAX else _parsed_double(digits)


def _parsed_double(digits: str) -> float:
    """Read a double of a JSON text, which has no infinities."""
    value = float(digits)
    if math.isinf(value):
        raise ValueError("a number does not fit into a double")
    return value


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


# Made once: `json.dumps` and `json.loads` make another each time they are asked for anything special.
_COMPACT = json.JSONEncoder(separators=(",", ":"))
_SORTED = json.JSONEncoder(separators=(",", ":"), sort_keys=True)
_DECODER = json.JSONDecoder(parse_int=_parsed_integer)


def room(taken: int, kind: type = str) -> None:
    """Refuse what would take *taken* bytes, before it is built: a string over 256 KB, anything else over 512 KB."""
    if kind is str:
        if taken > STRING_LIMIT:
            raise limit("a string is longer than 256 KB")
    elif taken > MEMORY_LIMIT:
        raise limit("a value takes more than 512 KB", "MemoryLimitExceededError")


def told(taken: int) -> None:
    """Refuse what would take more than 2 MB to be sent or told, before it is built."""
    if taken > _TOLD_LIMIT:
        raise limit("a value takes more than 2 MB", "MemoryLimitExceededError")


def length(value: str) -> int:
    """Return the bytes of a string in UTF-8."""
    return len(value) if value.isascii() else len(value.encode(errors="surrogatepass"))


def string(value: str) -> str:
    """Refuse a string over the limit of 256 KB."""
    if len(value) * 4 > STRING_LIMIT:
        room(length(value))
    return value


def text(value: str) -> str:
    r"""Refuse a string that UTF-8 cannot carry: JSON may hold half a surrogate pair, as in `"\ud800"`."""
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise raised("ValueError", "a string holds half a surrogate pair") from None
    return value


def equal(left: Value, right: Value) -> bool:
    """Compare deeply; values of different types are unequal, but 1 equals 1.0."""
    if is_number(left) and is_number(right):
        return bool(left == right)
    if type(left) is not type(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(equal(v, right[k]) for k, v in left.items())
    return bool(left == right)


def _scalar_size(value: Value) -> int:
    if isinstance(value, str):
        return 8 + length(value)
    return 8 + len(value) if isinstance(value, bytes) else 8


Known = Mapping[int, tuple[Value, int]]
"""Large values by their identity, and what they occupy."""

_UNKNOWN: Known = {}


def size(value: Value, most: int = MEMORY_LIMIT, known: Known = _UNKNOWN) -> int:
    """
    Return the bytes a value is documented to occupy; past *most* the count may stop anywhere.

    A value may hold another many times over, each time in the same place of the memory, so that
    counting to the end could take for ever. A null that is an element takes its place.
    """
    return _extent(value, most, known)[0]


def _extent(value: Value, most: int, known: Known = _UNKNOWN) -> tuple[int, int]:
    """Return how large and how deep a value is, counted level by level until it is past *most* or *known*."""
    if not isinstance(value, _CONTAINERS):
        return 0 if value is None else _scalar_size(value), 0
    total, depth, level = 8, 0, [value]
    while level and total <= most:
        depth += 1
        outer, level = level, []
        for inner in outer:
            total += 8 * len(inner)
            items: Collection[Value] = inner
            if isinstance(inner, dict):
                total += 8 * len(inner) + _lengths(inner)
                items = inner.values()
            if total > most:
                break
            kinds = set(map(type, items))
            if not kinds <= _EIGHT_BYTES:
                total += _lengths(items) if kinds == _STRINGS else _held(items, level, known)
    return total, depth


def _lengths(texts: Collection[str]) -> int:
    return sum(map(len if all(map(str.isascii, texts)) else length, texts))


def _held(items: Iterable[Value], level: list[Value], known: Known) -> int:
    """Return what strings, bytes and what is known hold, and put what holds more into the next level."""
    total = 0
    for item in items:
        kind = type(item)
        if kind is str:
            total += length(item)
        elif kind is list or kind is dict:
            if id(item) in known:
                total += known[id(item)][1] - 8
            else:
                level.append(item)
        elif kind is bytes:
            total += len(item)
    return total


def measured(value: Value) -> Value:
    """Refuse a value that is too large to be sent or told, or too deep, before anything walks through it."""
    if not isinstance(value, _CONTAINERS):
        return value
    total, depth = _extent(value, _TOLD_LIMIT)
    told(total)
    return _shallow(value, depth)


def _shallow(value: Value, depth: int) -> Value:
    if depth > _DEPTH_LIMIT:
        raise raised("RecursionError", f"a value is nested deeper than {_DEPTH_LIMIT} levels")
    return value


def kept(value: Value) -> Value:
    """Refuse a result that is too large for a variable, or too deep, before anything walks through it."""
    total, depth = _extent(value, MEMORY_LIMIT)
    if total > MEMORY_LIMIT:
        raise limit("a result takes more than 512 KB")
    return _shallow(value, depth)


def field(container: Value, key: Value) -> Value:
    """Read `container[key]`."""
    if isinstance(container, dict):
        if not isinstance(key, str):
            raise raised("TypeError", f"the key of a map must be a string; got: {type_name(key)}")
        if key not in container:
            raise raised("KeyError", f"KeyError: key not found: {key}")
        return container[key]
    if isinstance(container, list):
        if not isinstance(key, int) or isinstance(key, bool):
            raise raised(
                "TypeError", f"the index of a list must be an integer; got: {type_name(key)}"
            )
        if not 0 <= key < len(container):
            raise raised("IndexError", f"index out of range: {key} (the list has {len(container)})")
        return container[key]
    raise raised(
        "TypeError",
        f"cannot read {json.dumps(key) if isinstance(key, str | int) else type_name(key)} "
        f"of a value of type {type_name(container)}",
    )


def changed(container: Value, path: Sequence[Value], value: Value) -> Value:
    """Return *container* with *value* at *path*; missing maps on the way are created."""
    if not path:
        return value
    key, rest = path[0], path[1:]
    if isinstance(container, list):
        return [
            *container[: _position(container, key)],
            changed(container[key], rest, value),
            *container[key + 1 :],
        ]
    if isinstance(container, dict):
        if not isinstance(key, str):
            raise raised("TypeError", f"the key of a map must be a string; got: {type_name(key)}")
        inner = container.get(key, {})
        return {**container, key: changed(inner, rest, value)}
    raise raised(
        "TypeError", f"cannot assign to an element of a value of type {type_name(container)}"
    )


def _position(container: list[Value], key: Value) -> int:
    field(container, key)
    return int(key)


def _wrapped(value: Value) -> Value:
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, list):
        return [_wrapped(item) for item in value]
    if isinstance(value, dict):
        inner = {key: _wrapped(item) for key, item in value.items()}
        return {"$map": inner} if any(key.startswith("$") for key in value) else inner
    return value


def _unwrapped(value: Value) -> Value:
    if isinstance(value, list):
        return [_unwrapped(item) for item in value]
    if isinstance(value, dict):
        if "$bytes" in value:
            return base64.b64decode(value["$bytes"])
        return {key: _unwrapped(item) for key, item in value.get("$map", value).items()}
    return value


def dump(value: Value) -> str:
    """Write a value that was measured for the journal: JSON, in which bytes are tagged."""
    return _written(value)


def _written(value: Value, encoder: json.JSONEncoder = _COMPACT) -> str:
    try:
        text = encoder.encode(value)
    except TypeError:
        text = _MARK
    return encoder.encode(_wrapped(value)) if _MARK in text else text


def load(text: str) -> Value:
    """Read what `dump` wrote."""
    value = _DECODER.decode(text)
    return _unwrapped(value) if _MARK in text else value


def digest(value: Value) -> str:
    """Return a short hash by which a replayed operation is recognised."""
    text = _written(measured(value), _SORTED)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def from_json(text: str | bytes) -> Value:
    """Read a JSON text; raise a ValueError for anything else, and for absurd nesting."""
    try:
        value = json.loads(
            text,
            parse_int=_parsed_integer,
            parse_float=_parsed_double,
            parse_constant=_no_number,
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None
    level, depth = [value] if isinstance(value, list | dict) else [], 0
    while level:
        depth += 1
        if depth > _NESTING_LIMIT:
            raise ValueError("nested too deeply")
        inner = (v.values() if isinstance(v, dict) else v for v in level)
        level = [v for values in inner for v in values if isinstance(v, list | dict)]
    return value


def to_json(value: Value) -> str:
    """Write a value as JSON text; bytes, functions, NaN and the infinities are not JSON."""
    try:
        text = json.dumps(
            measured(value), ensure_ascii=False, allow_nan=False, separators=(",", ":")
        )
    except ValueError:
        raise raised("ValueError", "the value holds a number that JSON cannot carry") from None
    except TypeError:
        raise raised(
            "TypeError", "the value holds bytes or a function, which JSON cannot carry"
        ) from None
    # Half a surrogate pair is JSON only as an escape (RFC 8259 section 8.2).
    escaped = not text.isascii() and _HALF.search(text)
    return json.dumps(value, separators=(",", ":")) if escaped else text
