"""
What an operation answers that is more than a document in JSON: another status, an address, text, a file.

The signature says which: ``-> Created[Agent]``, ``-> Report | Csv``, ``-> Created[Approval] | Approval``.
"""

import re
from collections.abc import Iterable
from types import UnionType
from typing import Any, ClassVar, Generic, TypeVar, Union, get_args, get_origin
from urllib.parse import quote

from shared.records import dataclass
from shared.streams import Stream

R = TypeVar("R")

_ADDRESS = re.compile(r"(https://[^/\\]|/[^/\\])[!-\[\]-~]*")
"""An address of ours, or one elsewhere, to the letter: nothing that a browser would read otherwise."""


class PlainText(str):
    """A result that is text and not JSON, of the media type that its class names."""

    __slots__ = ()
    media_type: ClassVar[str] = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class _Elsewhere:
    location: str
    """The address: a path of this API, or an `https` address elsewhere."""

    status: ClassVar[int]

    def __post_init__(self) -> None:
        """Let nobody be sent where a text of a stranger leads."""
        if not _ADDRESS.fullmatch(self.location):
            raise ValueError(f"{self.location[:80]!r} is no address that somebody is sent to")


@dataclass(frozen=True)
class Created(_Elsewhere, Generic[R]):
    """Something new, and the address that it is read at: 201 with `Location`."""

    result: R
    status: ClassVar[int] = 201


@dataclass(frozen=True)
class CreatedHere(Generic[R]):
    """What a PUT put where nothing was: 201; it is read, or put again, at the address that was asked (RFC 9110, 9.3.4)."""

    result: R
    status: ClassVar[int] = 201


@dataclass(frozen=True)
class Accepted(_Elsewhere, Generic[R]):
    """What is not done yet, and the address that says how far it is: 202 with `Location`."""

    result: R
    status: ClassVar[int] = 202


@dataclass(frozen=True)
class Redirect(_Elsewhere):
    """See elsewhere: 303 with `Location`, which is then read whatever was asked."""

    status: ClassVar[int] = 303


@dataclass(frozen=True)
class Download:
    """A file: to be kept under a name, and not shown."""

    data: bytes | Iterable[bytes]
    """All of it, of which parts may be asked for; or one part after the other."""

    name: str
    """What it is called, without folders."""

    media_type: str = "application/octet-stream"

    @property
    def disposition(self) -> str:
        """Write the name for old and new readers (RFC 6266, RFC 8187)."""
        name = re.sub(r"[\x00-\x1f\x7f/\\]", "_", self.name)
        plain = re.sub(r'[^ -~]|["%]', "_", name)
        return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


@dataclass(frozen=True)
class Form:
    """One of the ways in which an operation answers."""

    status: int
    kind: Any
    """What its body is: a type that is written as JSON, a text, a file, or nothing."""

    located: bool = False
    """Whether it says an address."""

    @property
    def media_type(self) -> str | None:
        """The media type of a body that is no JSON."""
        kind = get_origin(self.kind) or self.kind
        own = isinstance(kind, type) and issubclass(kind, PlainText | Download | Stream)
        return kind.media_type if own else None


def forms(result: Any, *, status: int) -> tuple[Form, ...]:
    """Return the ways to answer that a signature names; *status* is that of a plain result."""
    kinds = get_args(result) if get_origin(result) in {Union, UnionType} else (result,)
    return tuple(_form(kind, status) for kind in kinds)


def is_file(kind: Any) -> bool:
    """Say whether what is answered is a file."""
    return isinstance(kind, type) and issubclass(kind, Download)


def _form(kind: Any, status: int) -> Form:
    named = get_origin(kind) or kind
    if named is CreatedHere:
        return Form(CreatedHere.status, get_args(kind)[0])
    if not (isinstance(named, type) and issubclass(named, _Elsewhere)):
        return Form(status, kind)
    (body,) = get_args(kind) or (None,)
    return Form(named.status, body, located=True)
