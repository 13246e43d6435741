"""What an operation answers: its result as it is stored, so that a reader can check its hashes."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Self

from shared.answers import Accepted, Created, CreatedHere, Download, PlainText, Redirect
from shared.edge.conditions import is_had
from shared.edge.idempotency import Answer
from shared.edge.shown import ended, written
from shared.edge.web import Request, Response
from shared.entity import Audit, Entity
from shared.errors import NoSuchPart
from shared.operation import Call, Operation
from shared.records import dataclass
from shared.streams import Stream

_PART = re.compile(r"(?i:bytes)=(?:([0-9]{1,99})-([0-9]{0,99})|-([0-9]{1,99}))")
"""One part of a file (RFC 9110, 14.1.2): from a byte on, up to another, or so many of its end."""


@dataclass
class Answered:
    """One answer, before the headers that all have."""

    status: int
    body: str | bytes | Iterable[bytes]
    headers: dict[str, str]
    stream: Stream[Any] | None = None
    """What it tells, where it is a stream: a server may hold it open, and tell what happens then."""

    @classmethod
    def of(cls, result: Any, call: Call, op: Operation) -> Self:
        """Return the answer of an operation: what it returned, and the entry that its change is."""
        status, headers = op.status, {"Content-Type": op.dialect.media_type}
        match result:
            case Created() | Accepted():
                status, headers["Location"] = result.status, result.location
                result = result.result
            case Redirect():
                status, headers["Location"] = result.status, result.location
                result = PlainText()
            case CreatedHere():
                status, result = result.status, result.result
            case Entity(audit=Audit(n=1)) if op.method == "PUT" and call.entries:
                raise TypeError(f"{op.id} made something: answer CreatedHere, or Created")
        body: str | bytes | Iterable[bytes]
        match result:
            case PlainText():
                body, headers["Content-Type"] = str(result), result.media_type
            case Download():
                body, headers["Content-Type"] = result.data, result.media_type
                headers["Content-Disposition"] = result.disposition
            case Stream():
                body, headers["Content-Type"] = ended(result), result.media_type
            case _:
                body = written(result)
        if isinstance(result, Entity):
            headers["ETag"] = f'"{result.tag}"'
        if call.entries:
            headers["X-Audit-Entry"] = _audit_entry(call)
        stream = result if isinstance(result, Stream) else None
        return cls(status, body, headers, stream)

    @classmethod
    def again(cls, stored: Answer) -> Self:
        """Return what was answered before."""
        return cls(
            stored.status, stored.body, {"Content-Type": "application/json", **stored.headers}
        )

    def sent(self, request: Request) -> Response:
        """
        Return it as it is sent; of a file that is whole a part may be asked for, or whether it is another.

        Raises:
            NoSuchPart: It ends before the part.
            VersionConflict: It is not the file that the reader had.
        """
        answer = Response(self.body, self.status, self.headers)
        if isinstance(self.body, bytes):
            tag = answer.add_etag()
            answer.headers["Accept-Ranges"] = "bytes"
            # Conditions come first (RFC 9110, 13.2.2), and only of a GET is a part asked for (14.2).
            if is_had(request.headers, tag):
                answer.status_code = 304
            elif request.method == "GET":
                _in_part(answer, request.headers, self.body)
        return answer

    @property
    def text(self) -> str:
        """The body of an answer that can be kept."""
        if not isinstance(self.body, str):
            raise TypeError("what changes something answers no file, but where there is one")
        return self.body


def _in_part(answer: Response, headers: Mapping[str, str], data: bytes) -> None:
    """Make an answer of a file one of the part that is asked for; what nobody can make out, or several, is passed over."""
    asked = _PART.fullmatch(headers.get("Range", ""))
    if not data or not asked or headers.get("If-Range") not in {None, answer.headers["ETag"]}:
        return
    first, last, of_the_end = asked.groups()
    length = len(data)
    begin = int(first) if first else max(length - int(of_the_end), 0)
    end = min(int(last) + 1, length) if last else length
    if last and int(last) < begin:
        return
    if begin >= length:
        raise NoSuchPart(f"this file has {length} bytes; ask for less", length=length)
    answer.data, answer.status_code = data[begin:end], 206
    answer.headers["Content-Range"] = f"bytes {begin}-{end - 1}/{length}"


def _audit_entry(call: Call) -> str:
    of_the_addressed = [e for e in call.entries if e.entity.partition("/")[2] in call.addressed]
    entry = (of_the_addressed or call.entries)[0]
    return f"id={entry.id}, hash={entry.hash}, kid={entry.kid}, sig={entry.sig}"
