"""The guide to http steps: bodies, headers, addresses, answers and where they lead."""

import gzip
import zlib
from typing import Any

from tests.workflows.peer import ANYTHING, Exchange, Sent, answer

from .table import Page, Raises

GUIDE = "https://cloud.google.com/workflows/docs/http-requests"
_AGENT = "GoogleCloudWorkflows; (+https://cloud.google.com/workflows/docs)"
_JSON, _UTF8 = "application/json", "application/json; charset=utf-8"
_FORM = "application/x-www-form-urlencoded"
_TYPE, _VALUE = Raises("TypeError"), Raises("ValueError")


def _typed(kind: str, **more: str) -> dict[str, Any]:
    return {"Content-Type": kind} | more


def _posted(args: dict[str, Any], kind: str | None, body: bytes, chosen: str = "") -> Exchange:
    headers = {"Content-Type": kind}
    return Exchange(ANYTHING, args=args, sent=Sent("POST /", headers, body), chosen=chosen)


_BODIES = (
    _posted({"body": {"a": 1}, "headers": _typed(_JSON)}, _JSON, b'{"a":1}'),
    _posted({"body": "hello", "headers": _typed(_JSON)}, _JSON, b'"hello"'),
    _posted({"body": [1], "headers": {"content-type": _JSON}}, _JSON, b"[1]"),
    _posted(
        {"body": {"a": 1}, "headers": _typed("application/ld+json")},
        "application/ld+json",
        b'{"a":1}',
    ),
    _posted(
        {"body": "ä", "headers": _typed("application/json; charset=utf-16le")},
        "application/json; charset=utf-16le",
        '"ä"'.encode("utf-16le"),
        "what a type says of its charset holds for what is sent",
    ),
    _posted({"body": 1.5}, _UTF8, b"1.5"),
    _posted({"body": False}, _UTF8, b"false"),
    _posted({"body": None}, None, b"", "as if it were not there"),
    _posted(
        {"body": {"a": 1, "b": "x y"}, "headers": _typed(_FORM)},
        _FORM,
        b"a=1&b=x+y",
    ),
    _posted({"body": "a=x y&b", "headers": _typed(_FORM)}, _FORM, b"a=x y&b"),
    _posted(
        {"body": {"t": True, "n": {"b": 1}}, "headers": _typed(_FORM)},
        _FORM,
        b"t=true&n=%7B%22b%22%3A1%7D",
        "what is no text, number or boolean is JSON, which loses nothing",
    ),
    _posted(
        {"body": {"l": ["x", 1.5, False], "z": None}, "headers": _typed(_FORM)},
        _FORM,
        b"l=x&l=1.5&l=false&z=null",
        "a list as in a query; null as JSON has it",
    ),
    Exchange(
        _TYPE,
        args={"body": {"x": '${base64.decode("AP8=")}'}, "headers": _typed(_FORM)},
        chosen="bytes are no part of a form",
    ),
    Exchange(
        _TYPE, args={"body": [1], "headers": _typed(_FORM)}, chosen="a list has no names of fields"
    ),
    _posted({"body": "ä", "headers": _typed("text/plain")}, "text/plain", "ä".encode()),
    _posted(
        {"body": "ä", "headers": _typed("text/csv; charset=ISO-8859-1")},
        "text/csv; charset=ISO-8859-1",
        b"\xe4",
        "what a type says of its charset holds for what is sent",
    ),
    Exchange(_TYPE, args={"body": {"a": 1}, "headers": _typed("text/plain")}),
    Exchange(
        _VALUE,
        args={"body": "ä", "headers": _typed("text/plain; charset=us-ascii")},
        chosen="nothing is sent of which something would be lost",
    ),
    Exchange(
        _VALUE,
        args={"body": "${a}", "headers": _typed("text/plain")},
        given="\ud800",
        chosen="nothing is sent of which something would be lost",
    ),
    _posted(
        {"body": "<a/>", "headers": _typed("application/xml")},
        "application/xml",
        b"<a/>",
        "a string of another type goes as it is",
    ),
    _posted(
        {"body": {"a": 1}, "headers": _typed("application/x-any")},
        "application/x-any",
        b'{"a":1}',
        "what is no string can be written as JSON alone",
    ),
    _posted(
        {"body": '${base64.decode("AP8=")}', "headers": _typed("image/png")},
        "image/png",
        b"\x00\xff",
    ),
    Exchange(_TYPE, args={"body": {"a": '${base64.decode("AP8=")}'}}, chosen="JSON has no bytes"),
    Exchange(_VALUE, args={"body": '${double("inf")}'}, chosen="JSON has no infinity"),
)

_HEADERS = (
    Exchange(
        ANYTHING,
        args={"headers": {"User-Agent": "mine"}},
        sent=Sent("", {"User-Agent": f"mine {_AGENT}"}),
    ),
    Exchange(
        ANYTHING,
        args={"headers": {"X-I": 1, "X-D": 1.5, "X-B": True}},
        sent=Sent("", {"X-I": "1", "X-D": "1.5", "X-B": "true"}),
        chosen="the page has strings; numbers and booleans are written as string() does",
    ),
    Exchange(_TYPE, args={"headers": {"X": None}}, chosen="the page has strings"),
    Exchange(_TYPE, args={"headers": {"X": ["a"]}}, chosen="the page has strings"),
    Exchange(_TYPE, args={"headers": ["a"]}),
    *(
        Exchange(_VALUE, args={"headers": headers}, chosen="RFC 9110 section 5.5")
        for headers in ({"X": "a\r\nY: b"}, {"X": "a\n b"}, {"X": "\x00"}, {"X": "€"})
    ),
    *(
        Exchange(_VALUE, args={"headers": {name: "a"}}, chosen="RFC 9110 section 5.1")
        for name in ("", "a b", "a:", "ä")
    ),
    Exchange(
        _VALUE,
        args={"headers": {"Content-Type": "text/plain", "content-type": _JSON}},
        chosen="the case of a name does not matter, so that both say the same thing",
    ),
    Exchange(ANYTHING, args={"headers": {"X": "\xe4"}}, sent=Sent("", {"X": "\xe4"})),
    Exchange(
        ANYTHING,
        args={
            "body": "hello",
            "headers": {
                "Content-Length": "1",
                "transfer-encoding": "chunked",
                "Connection": "keep-alive",
            },
        },
        sent=Sent(
            "",
            {"Content-Length": "7", "Transfer-Encoding": None, "Connection": "close"},
            b'"hello"',
        ),
        chosen="where a message ends, and its connection, is said by who sends it",
    ),
    Exchange(ANYTHING, args={"headers": {"Host": "other"}}, sent=Sent("", {"Host": "other"})),
)

_ADDRESSES = (
    Exchange(ANYTHING, args={"url": "PEER"}, sent=Sent("GET /")),
    Exchange(ANYTHING, args={"url": "PEER?z=1"}, sent=Sent("GET /?z=1")),
    Exchange(
        ANYTHING,
        args={"url": "PEER/a?z=1#part", "query": {"q": "x"}},
        sent=Sent("GET /a?z=1&q=x"),
        chosen="a fragment is the client's own (RFC 9110 section 4.2.5)",
    ),
    Exchange(
        ANYTHING, args={"url": "PEER/a b/ä?q=ö x"}, sent=Sent("GET /a%20b/%C3%A4?q=%C3%B6%20x")
    ),
    Exchange(ANYTHING, args={"url": "PEER/a%20b%2Fc"}, sent=Sent("GET /a%20b%2Fc")),
    Exchange(
        ANYTHING,
        args={"url": "PEER/", "query": {"ä b": "+&="}},
        sent=Sent("GET /?%C3%A4+b=%2B%26%3D"),
    ),
    Exchange(
        ANYTHING, args={"query": {"l": []}}, sent=Sent("GET /"), chosen="no element, no argument"
    ),
    *(
        Exchange(_TYPE, args={"query": {"q": value}}, chosen="the page has none of these")
        for value in (None, {"a": 1}, [[1]], [None], '${base64.decode("AP8=")}')
    ),
    Exchange(_TYPE, args={"query": "a=1"}),
    *(
        Exchange(_VALUE, args={"url": url})
        for url in (
            "http://",
            "http:///a",
            "http://a b/",
            "http://h:99999/",
            "http://h:x/",
            "http://h\n/",
            "https://[::1/",
            "",
        )
    ),
    Exchange(_TYPE, args={"url": None}, chosen="the page has a string"),
    Exchange(_TYPE, args={"url": 1}),
)

_ANSWERS = (
    Exchange([1], said=answer("[1]", _JSON)),
    Exchange([1], said=answer("[1]", "Application/JSON ;charset=UTF-8")),
    Exchange([1], said=answer("[1]", "application/problem+json")),
    Exchange("ä", said=answer("ä", "text/plain")),
    Exchange("ä", said=answer("ä", "text/html; charset=utf-8")),
    Exchange("{}", said=answer("{}", "text/plain")),
    Exchange(
        "ä",
        said=answer('"ä"'.encode("utf-16"), "application/json; charset=utf-16"),
        chosen="a charset that is named is taken",
    ),
    Exchange(
        "ä", said=answer('"ä"'.encode("utf-16le"), _JSON), chosen="JSON tells UTF-16 by its zeros"
    ),
    Exchange("ä", said=answer('"ä"'.encode("utf-8-sig"), _JSON), chosen="RFC 8259 section 8.1"),
    Exchange(
        "ä",
        said=answer(b"\xe4", "text/plain; charset=ISO-8859-1"),
        chosen="a charset that is named is taken",
    ),
    Exchange(
        "ä",
        said=answer("ä", "text/plain; charset=none-such"),
        chosen="an unknown charset is taken for UTF-8",
    ),
    *(
        Exchange(
            "\\u0041",
            said=answer("\\u0041", f"text/plain; charset={name}"),
            chosen="what only Python knows is no charset",
        )
        for name in ("unicode_escape", "rot13", "base64", "idna", "undefined")
    ),
    Exchange(
        "a\ufffd", said=answer(b"a\xff", "text/plain"), chosen="text is text, whatever it says"
    ),
    Exchange("bytes", said=answer(b"\x00\xff", "image/png"), returns="get_type(result.body)"),
    Exchange("AP8=", said=answer(b"\x00\xff", "image/png"), returns="base64.encode(result.body)"),
    Exchange(
        "bytes",
        said=answer("[1]"),
        returns="get_type(result.body)",
        chosen="bytes are what no type says anything of",
    ),
    Exchange([1], said=answer("[1]"), returns="json.decode(result.body)"),
    Exchange(None, said=answer("", _JSON), chosen="no body is no JSON, and null"),
    Exchange(None, said=answer("", "image/png"), chosen="no body is null"),
    Exchange("", said=answer("", "text/plain"), chosen="no text is a text"),
    Exchange(None, said=answer(code=204)),
    Exchange(None, said=answer(code=304), chosen="304 is no error, and leads nowhere"),
    Exchange(
        Raises("ResponseTypeError"),
        said=answer("{", _JSON),
        told={"code": 200, "body": "{"},
        chosen="what says JSON and is none is an error, which holds what came",
    ),
    *(
        Exchange(
            Raises("ResponseTypeError"),
            said=answer(body, _JSON),
            chosen="what says JSON and is none is an error, which holds what came",
        )
        for body in (b"NaN", b"[1,]", b"\xff", b"1e999", b"[" * 2000, b'"a')
    ),
    Exchange(
        Raises("HttpError"),
        said=answer("oops", _JSON, code=503),
        told={"code": 503, "body": "oops"},
        chosen="a body that is not what its type says does not hide the code",
    ),
    Exchange(
        Raises("HttpError"),
        said=answer(b"\xff", _JSON, code=500),
        told={"code": 500, "body": "\ufffd"},
        chosen="a body that is not what its type says does not hide the code",
    ),
    *(
        Exchange(
            Raises("HttpError"),
            said=answer(body, kind, code=503),
            told={"code": 503, "body": None},
            chosen="a body that is too large for an error does not hide the code",
        )
        for body, kind in (
            (b"x" * 900_000, "text/html"),
            (b"[1" + b",1" * 50_000 + b"]", _JSON),
        )
    ),
    Exchange(Raises("HttpError"), said=answer(code=429), told={"code": 429, "body": None}),
    *(
        Exchange(
            [1],
            said=answer(packed, _JSON, f"Content-Encoding: {coding}"),
            chosen="what comes packed is unpacked; the headers stay as they came",
        )
        for coding, packed in (
            ("gzip", gzip.compress(b"[1]")),
            ("x-gzip", gzip.compress(b"[") + gzip.compress(b"1]")),
            ("Deflate", zlib.compress(b"[1]")),
            ("identity", b"[1]"),
        )
    ),
    *(
        Exchange(
            Raises("ResponseTypeError"),
            said=answer(packed, _JSON, f"Content-Encoding: {coding}"),
            chosen="what is not packed as it says, or as nobody asked for, is no JSON",
        )
        for coding, packed in (
            ("gzip", b"[1]"),
            ("gzip", gzip.compress(b"[1]")[:-5]),
            ("deflate", b"[1]"),
            ("br", b"\x0b\x01\x80[1]\x03"),
        )
    ),
    Exchange(
        Raises("HttpError"),
        said=answer(b"[1]", _JSON, "Content-Encoding: gzip", code=502),
        told={"code": 502, "body": "[1]"},
        chosen="a body that is not what its type says does not hide the code",
    ),
    Exchange(
        {"Set-Cookie": "a=1, b=2", "X-Id": "c", "Content-Length": "0", "Etag": '"d"'},
        said=answer("", "", "set-cookie: a=1", "X-ID: c", 'ETag: "d"', "Set-Cookie: b=2"),
        returns="result.headers",
        chosen="names have one case; what comes more than once is joined (RFC 9110 section 5.3)",
    ),
    Exchange(
        "a b",
        said=answer("", "", "X-One: a\r\n  b"),
        returns='result.headers["X-One"]',
        chosen="a line that was folded is one (RFC 9112 section 5.2)",
    ),
)


def _moved(code: int, to: str) -> bytes:
    return answer("", "", f"Location: {to}", code=code)


_REDIRECTS = (
    *(
        Exchange(
            ["new"],
            calls=f"http.{verb}",
            args={},
            said=(_moved(code, to), answer('["new"]', _JSON)),
            sent=(Sent(f"{verb.upper()} /"), Sent(f"{verb.upper()} /new")),
            chosen="reading follows where it is led",
        )
        for verb, code, to in [
            ("get", 301, "/new"),
            ("get", 302, "new#part"),
            ("get", 303, "/new"),
            ("get", 307, "/new"),
            ("get", 308, "./a/../new"),
        ]
    ),
    *(
        Exchange(
            code,
            calls=f"http.{verb}",
            args={},
            said=_moved(code, "/new"),
            sent=Sent(f"{verb.upper()} /"),
            returns="result.code",
            chosen="what writes is sent once",
        )
        for verb in ("post", "put", "patch", "delete")
        for code in (302, 307)
    ),
    Exchange(
        302,
        calls="http.get",
        args={},
        said=_moved(302, "ftp://example.com/"),
        returns="result.code",
        chosen="what leads where HTTP does not go is the answer",
    ),
    Exchange(
        302,
        calls="http.get",
        args={},
        said=answer(code=302),
        returns="result.code",
        chosen="what leads nowhere is the answer",
    ),
    Exchange(
        Raises("ConnectionError"),
        calls="http.get",
        args={},
        said=_moved(302, "/"),
        chosen="ten times is enough",
    ),
    Exchange(
        {},
        calls="http.get",
        args={"body": "x", "headers": {"X-Key": "k"}},
        said=(_moved(307, "/new"), answer("{}", _JSON)),
        sent=(Sent("GET /", {"X-Key": "k"}, b'"x"'), Sent("GET /new", {"X-Key": "k"}, b'"x"')),
        chosen="RFC 9110 section 15.4.8",
    ),
)


PAGES = (
    Page(GUIDE + "#bodies", "http.post", _BODIES),
    Page(GUIDE + "#headers", "http.post", _HEADERS),
    Page(GUIDE + "#addresses", "http.get", _ADDRESSES),
    Page(GUIDE + "#answers", "http.get", _ANSWERS),
    Page(GUIDE + "#redirects", "http.get", _REDIRECTS),
)
