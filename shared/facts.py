"""
What rules are told of a request: what kind of act it is, and what its arguments say of themselves.

That is said by the type of a member, ``amount: Annotated[int, Fact]``, and by nothing else: amounts, counts and classes,
never words that somebody wrote. A contract holds each to that.
"""

from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any, Literal, get_args

from pydantic import BaseModel

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


class Fact:
    """Marks a member of a request that rules may look at: a whole number, a truth value or a code, or a list of such."""


class Count:
    """Marks a list in a request of which rules may know how long it is."""


def facts_of(value: BaseModel) -> dict[str, Any]:
    """Return what a request says that rules may look at, by the names of its members; what is within a member likewise."""
    found: dict[str, Any] = {}
    for name, marker in marked(type(value)).items():
        said = getattr(value, name)
        if marker is Count:
            found[name] = 0 if said is None else len(said)
        elif marker is Fact:
            found[name] = _plain(said)
        elif said is not None:
            found[name] = facts_of(said)
    return found


@cache
def marked(kind: type[BaseModel]) -> Mapping[str, type]:
    """Return the members of a model that are facts, by how they are; of a model with facts within, that model."""
    found: dict[str, type] = {}
    for name, field in kind.model_fields.items():
        parts = [field.annotation, *get_args(field.annotation)]
        inside = [one for one in parts if isinstance(one, type) and issubclass(one, BaseModel)]
        marks = [one for one in field.metadata if one in (Fact, Count)]
        if marks:
            found[name] = marks[0]
        elif inside and inside[0] is not kind and marked(inside[0]):
            found[name] = inside[0]
    return found


def _plain(said: Any) -> Any:
    if isinstance(said, Enum):
        return said.value
    return [_plain(one) for one in said] if isinstance(said, list | tuple) else said
