"""
What comes in from outside, read as it was sent: nothing becomes something else on its way.

A number in a JSON body is a number and a text is a text: ``5.0`` is not 5, ``"5"`` is not 5, 1 is not true.
A query and a path are text, in which a whole number and a truth value are written as JSON writes them.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from shared.entity import Value
from shared.errors import BadRequest
from shared.inputs import MergePatch, may_be_absent, whole

_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,18})")
_LISTS = {tuple, list, frozenset}
_TRUTH = {"true": True, "false": False}

TOO_DEEP = "the body is nested too deeply"


def from_body(
    kind: type[Value], raw: bytes, *, strangers: Literal["forbid", "ignore"] = "forbid"
) -> Value:
    """
    Return the model that a JSON body is; no body is an empty object, but no patch.

    Args:
        kind: The model.

        raw: The body.

        strangers: What becomes of members that it does not declare.

    Raises:
        BadRequest: It is no JSON, or names a member twice.
        ValidationError: It has another shape.
    """
    if not raw and not issubclass(kind, MergePatch):
        raw = b"{}"
    parsed(raw)
    return whole(kind.model_validate_json(raw, strict=True, extra=strangers))


def from_query(kind: type[BaseModel], told: Mapping[str, Sequence[str]]) -> BaseModel:
    """
    Return the model that the parameters of a query are; what is a list there may be repeated.

    Raises:
        BadRequest: One is repeated that is no list.
        ValidationError: They have another shape.
    """
    read: dict[str, Any] = {}
    members = {field.alias or name: field for name, field in kind.model_fields.items()}
    for name, texts in told.items():
        field = members.get(name)
        member: Any = field.annotation if field else str
        values, several = [_read(member, text) for text in texts], _is_list(member)
        if field and len(values) > 1 and not several:
            raise BadRequest(f"say {name} once")
        read[name] = values if several else values[0]
    return kind.model_validate_json(json.dumps(read), strict=True, extra="forbid")


def from_header(kind: Any, name: str, text: str | None) -> Any:
    """
    Return the value that a header is.

    Raises:
        BadRequest: It is lacking, or has another shape.
    """
    if text is None:
        if not may_be_absent(kind):
            raise BadRequest(f"send the header {name}")
        return None
    try:
        return _told(kind, text)
    except ValidationError as error:
        raise BadRequest(f"the header {name} is not written as it must be") from error


def from_path(kind: Any, text: str) -> Any:
    """
    Return the value that one part of a path is.

    Raises:
        ValidationError: It has another shape.
    """
    return _told(kind, text)


def parsed(raw: bytes) -> Any:
    """
    Read JSON strictly: no member twice, no NaN, no depth without end.

    Raises:
        BadRequest: It is none.
    """
    try:
        return json.loads(raw, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        why = error.msg.removesuffix(" at").removesuffix(" starting")
        raise BadRequest(not_json(f"{why} at line {error.lineno} column {error.colno}")) from error
    except UnicodeDecodeError as error:
        raise BadRequest(f"the body is not UTF-8: look at byte {error.start + 1}") from error
    except RecursionError as error:
        raise BadRequest(TOO_DEEP) from error
    except ValueError as error:
        # The one other thing that Python does not read: it bounds the digits that it converts.
        raise BadRequest("the body holds a number of too many digits") from error


def not_json(why: str) -> str:
    """Say that a body is no JSON; *why* is what a parser says, with the line and the column."""
    if why.startswith("recursion limit"):
        return TOO_DEEP
    return f"the body is not valid JSON: {why[:1].lower()}{why[1:]}"


def _no_constant(name: str) -> None:
    raise BadRequest(f"the body is not valid JSON: {name} is no JSON number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise BadRequest("the body names one member twice; leave one out")
    return members


def _told(kind: Any, text: str) -> Any:
    """Return what a text is, judged as a member of a body is."""
    return _adapter(kind).validate_json(json.dumps(_read(kind, text)), strict=True)


def _read(kind: Any, text: str) -> Any:
    """Return what a text says where the kind takes more than texts; the kind judges what it is then."""
    scalars = _scalars(kind)
    if int in scalars and _WHOLE.fullmatch(text):
        return int(text)
    if bool in scalars and text in _TRUTH:
        return _TRUTH[text]
    return text


@cache
def _is_list(kind: Any) -> bool:
    """Say whether a member may be a list, and so its parameter be repeated."""
    return get_origin(kind) in _LISTS or any(map(_is_list, get_args(kind)))


@cache
def _scalars(kind: Any) -> frozenset[type]:
    return frozenset(_within(kind))


def _within(kind: Any) -> Iterator[type]:
    if isinstance(kind, type):
        yield kind
    elif get_origin(kind) is Literal:
        yield from map(type, get_args(kind))
    else:
        for part in get_args(kind):
            yield from _within(part)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
