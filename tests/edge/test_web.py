"""A request and an answer are held to werkzeug's: of the same environ, and of the same answer."""

import io
import re
from urllib.parse import quote_from_bytes, unquote_to_bytes

import pytest
import werkzeug.test
import werkzeug.wrappers
from hypothesis import example, given
from hypothesis import strategies as st

from shared.edge.web import Request, Response
from shared.errors import BadRequest

TOKEN = st.text("!#$%&'*+.^`|~-0123456789abcyzABCYZ", min_size=1, max_size=9)
"""How a header can be called that a server hands on."""

KNOWN = st.sampled_from(["Accept", "Host", "If-Match", "X-Tenant-ID", "Cookie", "Content-Type"])
SAID = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=20)
ASCII = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)
BYTES = st.binary(max_size=20).map(lambda said: said.decode("latin-1"))
LENGTHS = st.sampled_from(["", "-1", "+1", "x", "0", "٣", "1_0", " 3", "3 ", "1.0"])
"""What is no length, or is another one to somebody else."""


def key(name):
    """Return under what a server tells a header."""
    upper = name.upper().replace("-", "_")
    return upper if upper in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{upper}"


@st.composite
def environs(draw):
    headers = draw(st.dictionaries(TOKEN | KNOWN, SAID, max_size=5))
    body = draw(st.binary(max_size=30))
    told = {key(name): said for name, said in headers.items()}
    told.pop("CONTENT_LENGTH", None)
    told.pop("HTTP_TRANSFER_ENCODING", None)
    lengths = st.sampled_from([str(len(body)), str(len(body) // 2), str(len(body) + 1)])
    if draw(st.booleans()):
        told["CONTENT_LENGTH"] = draw(lengths | LENGTHS)
    if draw(st.booleans()):
        told["HTTP_TRANSFER_ENCODING"] = draw(st.sampled_from(["chunked", "Chunked", "gzip"]))
    if draw(st.booleans()):
        told["wsgi.input_terminated"] = True
    return told | {
        "REQUEST_METHOD": draw(st.sampled_from(["GET", "POST", "PATCH"])),
        "PATH_INFO": draw(st.one_of(st.just(""), st.just("//a"), BYTES)),
        "QUERY_STRING": draw(ASCII),
        "SERVER_NAME": "h",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "body": body,
    }


class Dribbling(io.BytesIO):
    """A body that comes by two bytes."""

    def read(self, size=-1, /):
        return super().read(2 if size < 0 else min(size, 2))


def of_both(environ, stream=io.BytesIO):
    told = {name: said for name, said in environ.items() if name != "body"}
    kinds = (Request, werkzeug.wrappers.Request)
    return [kind({**told, "wsgi.input": stream(environ["body"])}) for kind in kinds]


@given(environs(), TOKEN | KNOWN)
def test_a_request_says_what_werkzeugs_says(environ, name):
    ours, theirs = of_both(environ)
    for what in ("method", "path", "full_path", "content_length", "mimetype"):
        assert getattr(ours, what) == getattr(theirs, what), what
    assert dict(ours.headers) == dict(theirs.headers)
    assert len(ours.headers) == len(theirs.headers)
    for asked in (name, name.lower(), name.upper(), *dict(theirs.headers)):
        assert ours.headers.get(asked) == theirs.headers.get(asked)
        assert (asked in ours.headers) == (asked in theirs.headers)


@given(environs(), st.integers(0, 40))
def test_a_body_is_what_werkzeug_reads(environ, most):
    ours, theirs = of_both(environ)
    try:
        read = theirs.stream.read()
    except werkzeug.exceptions.ClientDisconnected:
        with pytest.raises(BadRequest):
            ours.body(100)
    else:
        assert ours.body(100) == read
        again, _ = of_both(environ, Dribbling)
        assert again.body(most) == read[:most]


PARTS = st.sampled_from(
    ["a", "b", "=", "&", ";", "+", "%", "%41", "%C3%A9", "%00", "%26", "#", "/"]
)
UTF8 = st.text(max_size=3).map(lambda said: said.encode("utf-8", "replace").decode("latin-1"))


@given(st.lists(PARTS | UTF8, max_size=12).map("".join))
@example("a=1&a=2&b=&c&=d&&e=f=g&h+i=%2B")
def test_a_query_is_what_werkzeug_makes_of_it(said):
    environ = {"QUERY_STRING": said}
    assert Request(environ).query == werkzeug.wrappers.Request(environ).args.to_dict(flat=False)


@given(st.binary(max_size=6))
def test_what_is_no_text_in_a_query_is_marked_where_werkzeug_leaves_it_as_it_was_sent(said):
    sent = quote_from_bytes(said, safe="")
    environ = {"QUERY_STRING": f"a={sent}"}
    theirs = werkzeug.wrappers.Request(environ).args["a"]
    assert Request(environ).query["a"] == [said.decode(errors="replace")]
    assert theirs == said.decode() if is_text(said) else unquote_to_bytes(theirs) == said


def is_text(said):
    try:
        said.decode()
    except UnicodeDecodeError:
        return False
    return True


@given(st.text('aB/+-.;,= \t"é', max_size=12))
@example("Application/JSON; charset=utf-8")
def test_a_media_type_is_what_werkzeug_reads(said):
    environ = {"CONTENT_TYPE": said}
    assert Request(environ).mimetype == werkzeug.wrappers.Request(environ).mimetype


class Parts:
    """A body in parts, which says whether it was closed."""

    def __init__(self, parts):
        self.parts, self.closed = parts, False

    def __iter__(self):
        return iter(self.parts)

    def close(self):
        self.closed = True


BODIES = st.one_of(
    st.text(max_size=9), st.binary(max_size=9), st.lists(st.binary(max_size=5)).map(Parts)
)
STATUSES = st.sampled_from([200, 201, 204, 206, 303, 304, 400, 404, 412, 418, 428, 431, 503, 599])
LINE = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=9)
HEADERS = st.lists(st.tuples(st.sampled_from(["Vary", "Set-Cookie", "X-A", "x-a"]), LINE))


@given(BODIES, STATUSES, st.sampled_from(["GET", "HEAD", "POST"]), HEADERS)
def test_an_answer_is_sent_as_werkzeug_sends_it(body, status, method, more):
    headers = {"Content-Type": "text/plain", "ETag": '"a"', "Location": "/v1/things/a?b=c#d"}
    sent = []
    for kind, add in ((Response, "add_header"), (werkzeug.wrappers.Response, "add")):
        environ = werkzeug.test.EnvironBuilder(method=method).get_environ()
        answer = kind(body, status, headers)
        for name, said in more:
            getattr(answer.headers, add)(name, said)
        parts, line, told = werkzeug.test.run_wsgi_app(answer, environ, buffered=True)
        sent.append((b"".join(parts), line, sorted(told)))
        if isinstance(body, Parts):
            assert body.closed
            body.closed = False
    assert sent[0] == sent[1]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["say", "default", "add", "leave"]),
            st.sampled_from(["Vary", "vary", "ETag"]),
            LINE,
        ),
        max_size=8,
    )
)
def test_headers_are_said_as_werkzeugs_are(steps):
    ours, theirs = Response().headers, werkzeug.wrappers.Response().headers
    theirs.clear()
    del ours["Content-Length"]
    for how, name, said in steps:
        for headers, add in ((ours, ours.add_header), (theirs, theirs.add)):
            match how:
                case "say":
                    headers[name] = said
                case "default":
                    headers.setdefault(name, said)
                case "add":
                    add(name, said)
                case _ if name in headers:
                    del headers[name]
        assert (name in ours, ours.get(name)) == (name in theirs, theirs.get(name))
    assert all(ours.get_all(name) == theirs.getlist(name) for name in ("Vary", "ETag"))
    assert len(ours) == len(theirs)


@pytest.mark.parametrize(
    ("name", "said"),
    [("X-A", "a\nb"), ("X-A", "a\rb"), ("X-A", "a\r\nSet-Cookie: b"), ("X\r\nSet-Cookie", "b")],
)
def test_no_header_begins_another(name, said):
    answer = Response(headers={name: said})
    with pytest.raises(ValueError, match=re.escape(repr(name))):
        werkzeug.test.run_wsgi_app(answer, werkzeug.test.EnvironBuilder().get_environ())


def test_a_tag_is_the_one_that_werkzeug_gives():
    ours, theirs = Response(b"abc"), werkzeug.wrappers.Response(b"abc")
    theirs.add_etag()
    assert ours.add_etag() == ours.headers["ETag"] == theirs.headers["ETag"]
