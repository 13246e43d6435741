"""
What rules are told of a request: what kind of act it is, and what its arguments say of themselves.

The type of a member says it. A whole number, a truth value, an instant and a code (a choice, or a text with a pattern)
is a fact; of a list of choices, what is in it; of another list, how long it is. Words that somebody wrote are none, nor
is what is about a person beside the ids that evidence knows them by. What is a code and none the less for nobody's eyes,
such as a signature, is marked `Withheld`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from shared.handling import BLANKED, personal
from shared.instants import written
from shared.judged import Masked

Acts = Literal[
    "read", "create", "update", "execute", "publish", "send", "pay", "trade", "delete", "bulk"
]
"""What kind of act something is."""

_BY_VERB: Mapping[str, Acts] = {
    **dict.fromkeys(("add", "append", "attach", "create", "register", "upload"), "create"),
    **dict.fromkeys(("delete", "remove", "unregister"), "delete"),
    **dict.fromkeys(
        ("evaluate", "judge", "match", "preview", "rebuild", "replay", "run", "test"), "execute"
    ),
    "pay": "pay",
    "publish": "publish",
    "refund": "pay",
    "send": "send",
    "trade": "trade",
    "validate": "execute",
}
_BY_METHOD: Mapping[str, Acts] = {"GET": "read", "DELETE": "delete"}


def acts(method: str, name: str) -> Acts:
    """Return what kind of act an operation is, by its method and the verb that its name begins with."""
    return _BY_METHOD.get(method) or _BY_VERB.get(name.partition("_")[0], "update")


class Withheld:
    """Marks a member that rules never look at, though it is a code: it proves something, or opens it."""


class Fact:
    """Marks a list of which rules may look at what is in it: codes, and few of them."""


Told = Literal["integer", "boolean", "instant", "code", "codes", "length"]
"""What a fact is: a number, a truth value, an instant as text, a code, a list of codes, or how long a list is."""


def facts_of(value: BaseModel) -> dict[str, Any]:
    """Return what a request says that rules may look at, by the names it was sent with; what is within likewise."""
    found: dict[str, Any] = {}
    for name, (member, told) in marked(type(value)).items():
        said = getattr(value, member)
        if isinstance(told, type):
            if said is not None:
                found[name] = facts_of(said)
        elif told == "length":
            found[name] = 0 if said is None else len(said)
        else:
            found[name] = _plain(said)
    return found


@cache
def marked(kind: type[BaseModel]) -> Mapping[str, tuple[str, Told | type[BaseModel]]]:
    """Return the members of a model that are facts: by the name each is sent with, its own name, and how it is told; a part by its class."""
    hints, about = get_type_hints(kind, include_extras=True), personal(kind)
    found: dict[str, tuple[str, Told | type[BaseModel]]] = {}
    for name, field in kind.model_fields.items():
        told = None if about.get(name) in BLANKED else _told(hints[name], tuple(field.metadata))
        if told and not (isinstance(told, type) and not marked(told)):
            found[field.alias or name] = (name, told)
    return found


def paths(kind: type[BaseModel]) -> dict[str, Told]:
    """Return every fact of a model by its path, such as ``target.amount``, as authors of rules are shown it."""
    found: dict[str, Told] = {}
    for name, (_, told) in marked(kind).items():
        if isinstance(told, type):
            found |= {f"{name}.{inside}": how for inside, how in paths(told).items()}
        else:
            found[name] = told
    return found


def of_inputs(kinds: Iterable[type]) -> dict[str, Told]:
    """Return every fact of what an operation takes, by its path."""
    models = [kind for kind in kinds if issubclass(kind, BaseModel)]
    return {path: how for kind in models for path, how in paths(kind).items()}


def _told(kind: Any, said: tuple[Any, ...]) -> Told | type[BaseModel] | None:
    """Return how something of a type is told; *said* is what an Annotated says of it."""
    if Withheld in said:
        return None
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _told(parts[0], (*parts[1:], *said))
    if origin in {Union, UnionType}:
        ways = {_told(part, said) for part in parts if part is not NoneType}
        return ways.pop() if len(ways) == 1 else None
    if origin is Literal:
        kinds = {type(one) for one in parts}
        return _PLAIN.get(kinds.pop()) if len(kinds) == 1 else None
    if origin in {tuple, list}:
        closed = all(_is_choice(one) for one in parts if one is not Ellipsis)
        return "codes" if closed or Fact in said else "length"
    return _of_class(kind, said) if isinstance(kind, type) else None


def _of_class(kind: type, said: tuple[Any, ...]) -> Told | type[BaseModel] | None:
    if issubclass(kind, BaseModel):
        return kind
    if issubclass(kind, Enum):
        return "code"
    if issubclass(kind, str):
        return "code" if _is_code(said) else None
    return _PLAIN.get(kind)


_PLAIN: Mapping[type, Told] = {bool: "boolean", int: "integer", datetime: "instant", str: "code"}


def _is_choice(kind: Any) -> bool:
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    return get_origin(kind) is Literal or (isinstance(kind, type) and issubclass(kind, Enum))


def _is_code(said: tuple[Any, ...]) -> bool:
    """Say whether a text has a pattern that leaves no room for words."""
    each = [part for one in said for part in (one, *getattr(one, "metadata", ()))]
    free = any(isinstance(one, Masked) for one in each)
    return not free and any(isinstance(getattr(one, "pattern", None), str) for one in each)


def _plain(said: Any) -> Any:
    if isinstance(said, Enum):
        return said.value
    if isinstance(said, datetime):
        return written(said)
    return [_plain(one) for one in said] if isinstance(said, list | tuple) else said
