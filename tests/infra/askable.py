"""Which members of documents may be asked for: an index holds them whole, and they are of one kind."""

from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from functools import cache
from importlib import import_module
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from annotated_types import MaxLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from shared.documents import MAX_ASKED_BYTES
from shared.edge import idempotency, queue  # noqa: F401 - their records are some of them
from shared.edge.weights import INDEXED_BYTES
from shared.entity import Record
from tests.contracts.members import Leaf, models

UTF_8_BYTES = 4
"""What one character takes at the most."""

SCALARS = {bool: bool, int: int, float: float, str: str, datetime: str}
"""What is stored of each type."""


@cache
def kinds() -> dict[str, type[Record]]:
    """Return what is kept in each collection."""
    found: dict[str, type[Record]] = {}
    for model in models():
        if issubclass(model, Record) and hasattr(model, "collection"):
            found.setdefault(model.collection, model)
    return found


def trouble(kind: type[BaseModel], path: str) -> str | None:
    """Say why a member of a kind must not be asked for, or return None."""
    found = list(_at(kind, path.split(".")))
    if not found:
        return "it is not declared, or stands in a list"
    stored = {one for leaf in found for one in _stored(leaf)} - {NoneType}
    if len(stored) > 1 or not stored <= {bool, int, float, str}:
        return f"it may be any of {sorted(one.__name__ for one in stored)}"
    longest = max(map(_longest, found))
    if longest > MAX_ASKED_BYTES:
        return f"it may have more than {MAX_ASKED_BYTES:,} bytes"
    return None


def indexed_bytes(kind: type[BaseModel], path: str) -> float:
    """Return how much of a member an index holds at the most."""
    longest = max(map(_longest, _at(kind, path.split("."))))
    return max(8, min(longest, INDEXED_BYTES))


def _at(kind: Any, path: list[str]) -> list[Leaf]:
    """Return what may be at the end of a path, which leads through parts and not through lists."""
    name, *rest = path
    field = kind.model_fields.get(name)
    if field is None:
        return []
    hint = get_type_hints(kind, include_extras=True)[name]
    found = list(_options(hint, tuple(field.metadata)))
    if not rest:
        return found
    parts = (one.kind for one in found)
    return [
        inner
        for part in parts
        if isinstance(part, type) and issubclass(part, BaseModel)
        for inner in _at(part, rest)
    ]


def _options(kind: Any, said: tuple[Any, ...] = ()) -> Iterator[Leaf]:
    """Yield what a member may be; a list is a list, whatever is in it."""
    if get_origin(kind) is Annotated:
        inner, *more = get_args(kind)
        yield from _options(inner, (*more, *said))
    elif get_origin(kind) in {Union, UnionType}:
        for option in get_args(kind):
            yield from _options(option, said)
    else:
        yield Leaf(kind, said)


def _stored(leaf: Leaf) -> set[type]:
    if get_origin(leaf.kind) is Literal:
        return {type(one) for one in get_args(leaf.kind)}
    if get_origin(leaf.kind) is not None:
        return {get_origin(leaf.kind)}
    if isinstance(leaf.kind, type) and issubclass(leaf.kind, Enum):
        return {str}
    return {SCALARS.get(leaf.kind, leaf.kind)}


def _longest(leaf: Leaf) -> float:
    """Return how many bytes a text has at the most."""
    if leaf.kind is not str:
        return 0
    said = [
        one
        for each in leaf.said
        for one in (each.metadata if isinstance(each, FieldInfo) else [each])
    ]
    bounds = [float("inf")]
    bounds += [one.max_length for one in said if isinstance(one, MaxLen)]
    patterns = [getattr(one, "pattern", None) for one in said]
    bounds += [_width(pattern) for pattern in patterns if isinstance(pattern, str)]
    return min(bounds) * UTF_8_BYTES


def _width(pattern: str) -> float:
    """Return how many characters a pattern matches at the most; one without ends matches any text."""
    if not (pattern.startswith("^") and pattern.endswith("$")):
        return float("inf")
    most = import_module("re._parser").parse(pattern).getwidth()[1]
    return most if most < 2**16 else float("inf")
