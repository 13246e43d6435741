"""The guide "Wait using callbacks": what an execution gets of a request, by what was sent."""

from dataclasses import dataclass, field
from typing import Any

ADDRESS = "https://cloud.google.com/workflows/docs/creating-callback-endpoints"

_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"
_TEXT = "what is text is a string: a form is, and what says nothing may be"
_CHARSET = "text is read by its charset"
_BYTES = "what no character stands for is kept, as bytes"
_REFUSED = "the caller is told, and the execution goes on waiting for what it can read"
_TOO_LARGE = "an execution that took it would end by its limits"


@dataclass(frozen=True)
class Sent:
    """A body with its content type, and what arrives, in which bytes are `{"base64": …}`; or the status of a refusal."""

    body: bytes
    kind: str
    wanted: Any = None
    refused: int = 0
    chosen: str = field(default="", kw_only=True)


SENT = (
    Sent(b'{"a": [1, 2.5, null, true, "\xc3\xa4"]}', _JSON, {"a": [1, 2.5, None, True, "ä"]}),
    Sent(b'"text"', "application/json; charset=utf-8", "text"),
    Sent(b"[1]", "application/cloudevents+json", [1]),
    Sent(
        '{"ä": 1}'.encode("utf-16"), _JSON, {"ä": 1}, chosen="RFC 4627 section 3 tells them apart"
    ),
    Sent(b"null", _JSON),
    Sent(b'{"$bytes": "AA==", "$map": 1}', _JSON, {"$bytes": "AA==", "$map": 1}),
    Sent(b"12345678901234567890", _JSON, 12345678901234567890.0, chosen="as every integer of JSON"),
    Sent(b"plain", "text/plain", "plain"),
    Sent("<ä>".encode(), "text/html; charset=utf-8", "<ä>"),
    Sent("ä".encode("latin-1"), "text/plain; charset=iso-8859-1", "ä", chosen=_CHARSET),
    Sent(b"x", "text/plain; charset=nobody-knows", "x", chosen=_CHARSET),
    Sent(b"\xff\x00", "application/octet-stream", {"base64": "/wA="}),
    Sent(b"ascii", "application/octet-stream", {"base64": "YXNjaWk="}),
    Sent(b"<x/>", "application/xml", {"base64": "PHgvPg=="}),
    Sent(b"", _JSON, chosen="no body is null"),
    Sent(b"", "text/plain", chosen="no body is null"),
    Sent(b"", "", chosen="no body is null"),
    Sent(b"t=true&n=1", _FORM, "t=true&n=1", chosen=_TEXT),
    Sent(b"anything", "", "anything", chosen=_TEXT),
    Sent(b"\xff\xfe", "", {"base64": "//4="}, chosen=_BYTES),
    Sent(b"caf\xe9", "text/plain", {"base64": "Y2Fm6Q=="}, chosen=_BYTES),
    Sent(b"%ff\xff", _FORM, {"base64": "JWZm/w=="}, chosen=_BYTES),
    Sent(b"{", _JSON, refused=400, chosen=_REFUSED),
    Sent(b'{"a": NaN}', _JSON, refused=400, chosen=_REFUSED),
    Sent(b'{"a": "\xff"}', _JSON, refused=400, chosen=_REFUSED),
    Sent(b"[" * 5000 + b"]" * 5000, _JSON, refused=400, chosen=_REFUSED),
    Sent(b"x" * 300_000, "text/plain", refused=413, chosen=_TOO_LARGE),
    Sent(b"[" + b"0," * 200_000 + b"0]", _JSON, refused=413, chosen=_TOO_LARGE),
    Sent(b"x" * 600_000, "application/octet-stream", refused=413, chosen=_TOO_LARGE),
)
