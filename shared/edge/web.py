"""
A request and an answer, over WSGI: what is served here needs no more, and a framework of the web takes long to import.

Any WSGI server can ask, and any framework takes the answer, as it is a WSGI application.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import parse_qsl, quote

from shared.errors import BadRequest

Environ = Mapping[str, Any]
Begin = Callable[[str, list[tuple[str, str]]], object]
Wsgi = Callable[[dict[str, Any], Begin], Iterable[bytes]]

_NO_BODY = frozenset({204, 304})
_PRINTABLE = "".join(map(chr, range(33, 127)))


class Readable(Protocol):
    """What a body is read from."""

    def read(self, size: int, /) -> bytes:
        """Return as many bytes, fewer where there are no more."""
        ...


class Asking(Mapping[str, str]):
    """The headers of a request, whatever the case of their names."""

    def __init__(self, environ: Environ) -> None:
        """Read them off what the server says."""
        self._environ = environ

    def __getitem__(self, name: str) -> str:
        """Return one."""
        key = name.upper().replace("-", "_")
        said: str = self._environ[key if key in _BARE else f"HTTP_{key}"]
        return said

    def __iter__(self) -> Iterator[str]:
        """Yield their names, each part with a capital."""
        for key, said in self._environ.items():
            if (key in _BARE and said) or (key.startswith("HTTP_") and key[5:] not in _BARE):
                yield key.removeprefix("HTTP_").replace("_", "-").title()

    def __len__(self) -> int:
        """Return how many there are."""
        return sum(1 for _ in self)


_BARE = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})
"""The headers that WSGI names without a prefix."""


class Request:
    """One request."""

    def __init__(self, environ: dict[str, Any]) -> None:
        """Take what the server says of it."""
        self.environ, self.headers = environ, Asking(environ)
        self.method: str = environ.get("REQUEST_METHOD", "GET")

    @cached_property
    def path(self) -> str:
        """Where it goes, as text."""
        told: str = environ_text(self.environ.get("PATH_INFO", ""))
        return f"/{told.lstrip('/')}"

    @property
    def full_path(self) -> str:
        """Where it goes, with its query."""
        return f"{self.path}?{self._query}"

    @property
    def _query(self) -> str:
        return environ_text(self.environ.get("QUERY_STRING", ""))

    @property
    def query(self) -> dict[str, list[str]]:
        """The parameters of its query, each with all that it is said to be."""
        found: dict[str, list[str]] = {}
        for name, said in parse_qsl(self._query, keep_blank_values=True, errors="replace"):
            found.setdefault(name, []).append(said)
        return found

    @property
    def content_length(self) -> int | None:
        """How long its body is, where that is said before."""
        told = self.environ.get("CONTENT_LENGTH")
        if told is None or self._in_chunks:
            return None
        return int(told) if told.isascii() and told.isdecimal() else 0

    @property
    def _in_chunks(self) -> bool:
        return str(self.environ.get("HTTP_TRANSFER_ENCODING", "")).lower() == "chunked"

    @property
    def mimetype(self) -> str:
        """What its body is, without parameters."""
        return str(self.environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()

    def body(self, most: int) -> bytes:
        """
        Return its body, of one that is longer so many bytes.

        Raises:
            BadRequest: It ends before it is whole.
        """
        stream: Readable = self.environ["wsgi.input"]
        # A server that ends it goes by the length itself.
        ends = bool(self.environ.get("wsgi.input_terminated"))
        length = None if ends else self.content_length
        if length is None and not ends:
            return b""
        wanted = most if length is None else min(most, length)
        parts: list[bytes] = []
        while wanted and (more := stream.read(wanted)):
            parts.append(more)
            wanted -= len(more)
        if length is not None and wanted:
            raise BadRequest("the body ended before it was whole; send it again")
        return b"".join(parts)


def environ_text(said: str) -> str:
    """Return a text of WSGI, which stands for bytes, as the one that these write."""
    return said.encode("latin-1").decode(errors="replace")


class Telling:
    """The headers of an answer: a name once, whatever its case, but for what is added."""

    def __init__(self, said: Mapping[str, str]) -> None:
        """Begin with some."""
        self._said: list[tuple[str, str]] = []
        self.extend(said.items())

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Yield each with its name."""
        return iter(self._said)

    def __contains__(self, name: str) -> bool:
        """Say whether one is there."""
        return self.get(name) is not None

    def __getitem__(self, name: str) -> str:
        """Return one."""
        found = self.get(name)
        if found is None:
            raise KeyError(name)
        return found

    def __setitem__(self, name: str, said: str) -> None:
        """Say one instead of what was said."""
        self.leave_out(name)
        self.extend([(name, said)])

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return one, if it is there."""
        wanted = name.lower()
        return next((said for known, said in self._said if known.lower() == wanted), default)

    def setdefault(self, name: str, said: str) -> None:
        """Say one, unless it is there."""
        if name not in self:
            self.extend([(name, said)])

    def extend(self, more: Iterable[tuple[str, str]]) -> None:
        """
        Say more.

        Raises:
            ValueError: One would begin another line.
        """
        for name, said in more:
            if "\n" in said or "\r" in said:
                raise ValueError(f"{name} would be more than one line")
            self._said.append((name, said))

    def leave_out(self, *names: str) -> None:
        """Say some no more."""
        gone = {name.lower() for name in names}
        self._said = [one for one in self._said if one[0].lower() not in gone]


class Response:
    """One answer, which is an application that always gives it."""

    def __init__(
        self,
        body: str | bytes | Iterable[bytes] = b"",
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer with a body, which is whole or comes in parts."""
        self.status_code, self.headers = status, Telling(headers or {})
        self.parts: Iterable[bytes] = ()
        self._whole: bytes | None = None
        if isinstance(body, str | bytes):
            self.data = body.encode() if isinstance(body, str) else body
        else:
            self.parts = body

    @property
    def data(self) -> bytes:
        """The body of an answer that is whole."""
        if self._whole is None:
            raise TypeError("this answer comes in parts")
        return self._whole

    @data.setter
    def data(self, whole: bytes) -> None:
        self._whole, self.parts = whole, [whole]
        self.headers["Content-Length"] = str(len(whole))

    @property
    def is_whole(self) -> bool:
        """Say whether the body is there from its first byte to its last."""
        return self._whole is not None

    @property
    def status(self) -> str:
        """Its status, as it is sent."""
        try:
            return f"{self.status_code} {HTTPStatus(self.status_code).phrase.upper()}"
        except ValueError:
            return f"{self.status_code} UNKNOWN"

    def add_etag(self) -> str:
        """Say which version of the body it is, by its digest."""
        tag = self.headers["ETag"] = (
            f'"{hashlib.sha1(self.data, usedforsecurity=False).hexdigest()}"'
        )
        return tag

    def __call__(self, environ: Environ, begin: Begin) -> Iterable[bytes]:
        """Give it."""
        headers = self.headers
        if self.status_code in _NO_BODY:
            headers.leave_out("Content-Length")
        if self.status_code == 304:
            headers.leave_out("Content-Type")
        if not headers.get("Location", "").isascii():  # type: ignore[union-attr]
            headers["Location"] = quote(headers["Location"], safe=_PRINTABLE)
        begin(self.status, list(headers))
        if self.status_code in _NO_BODY or environ.get("REQUEST_METHOD") == "HEAD":
            return ()
        return self.parts
