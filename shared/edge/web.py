"""
A request and an answer, over WSGI: what is served here needs no more, and a framework of the web takes long to import.

Any WSGI server can ask, and any framework takes the answer, as it is a WSGI application.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from http import HTTPStatus
from typing import Any, BinaryIO
from urllib.parse import parse_qsl
from wsgiref.headers import Headers

from shared.errors import BadRequest

Environ = Mapping[str, Any]
Begin = Callable[[str, list[tuple[str, str]]], object]
Wsgi = Callable[[dict[str, Any], Begin], Iterable[bytes]]

_NO_BODY, _LINE = frozenset({204, 304}), frozenset("\r\n")


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
        told: str = _text(self.environ.get("PATH_INFO", ""))
        return f"/{told.lstrip('/')}"

    @property
    def full_path(self) -> str:
        """Where it goes, with its query."""
        return f"{self.path}?{self._query}"

    @property
    def _query(self) -> str:
        return _text(self.environ.get("QUERY_STRING", ""))

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
        said = told.strip()
        return int(said) if said.isascii() and said.isdecimal() else 0

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
        stream: BinaryIO = self.environ["wsgi.input"]
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


def _text(said: str) -> str:
    """Return a text of WSGI, which stands for bytes, as the one that these write."""
    return said.encode("latin-1").decode(errors="replace")


class Response:
    """One answer, which is an application that always gives it."""

    def __init__(
        self,
        body: str | bytes | Iterable[bytes] = b"",
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer with a body, which is whole or comes in parts."""
        self.status_code, self.headers = status, Headers([*(headers or {}).items()])
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
        """
        Give it.

        Raises:
            ValueError: A header would be more than one line.
        """
        headers, empty = self.headers, self.status_code in _NO_BODY
        if empty:
            del headers["Content-Length"]
        if self.status_code == 304:
            del headers["Content-Type"]
        for name, said in headers.items():
            if not _LINE.isdisjoint(name + said):
                raise ValueError(f"{name!r} would be more than one line")
        begin(self.status, headers.items())
        if not empty and environ.get("REQUEST_METHOD") != "HEAD":
            return self.parts
        close = getattr(self.parts, "close", None)
        if close:
            close()
        return ()
