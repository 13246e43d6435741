"""A request and an answer are held to werkzeug's of the same environ and of the same answer."""

import io

import pytest
import werkzeug.test
import werkzeug.wrappers
from hypothesis import given
from hypothesis import strategies as st

from shared.edge.web import Request, Response
from shared.errors import BadRequest

NAMES = st.sampled_from(
    [
        "ACCEPT",
        "HOST",
        "IF_MATCH",
        "X_TENANT_ID",
        "COOKIE",
        "RANGE",
        "CONTENT_TYPE",
        "AUTHORIZATION",
    ]
)
SAID = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=20)
BYTES = st.binary(max_size=20).map(lambda said: said.decode("latin-1"))
ASCII = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)


@st.composite
def environs(draw):
    headers = draw(st.dictionaries(NAMES, SAID, max_size=5))
    body = draw(st.binary(max_size=30))
    length = draw(st.sampled_from([None, "", str(len(body)), str(len(body) // 2), "-1", "x", "+1"]))
    told = {f"HTTP_{name}": said for name, said in headers.items()}
    told |= {"CONTENT_TYPE": draw(SAID)} if draw(st.booleans()) else {}
    told |= {} if length is None else {"CONTENT_LENGTH": length}
    told |= (
        {"HTTP_TRANSFER_ENCODING": draw(st.sampled_from(["chunked", "gzip"]))}
        if draw(st.booleans())
        else {}
    )
    told |= {"wsgi.input_terminated": True} if draw(st.booleans()) else {}
    return told | {
        "REQUEST_METHOD": draw(st.sampled_from(["GET", "POST", "PATCH"])),
        "PATH_INFO": draw(st.one_of(st.just(""), st.just("//a"), BYTES)),
        "QUERY_STRING": draw(ASCII),
        "SERVER_NAME": "h",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.body": body,
    }


def of_both(environ):
    body = environ.pop("wsgi.body")
    kinds = (Request, werkzeug.wrappers.Request)
    return [kind({**environ, "wsgi.input": io.BytesIO(body)}) for kind in kinds]


@given(environs())
def test_a_request_says_what_werkzeugs_says(environ):
    ours, theirs = of_both(environ)
    assert (ours.method, ours.path, ours.full_path) == (
        theirs.method,
        theirs.path,
        theirs.full_path,
    )
    assert ours.content_length == theirs.content_length
    assert dict(ours.headers) == dict(theirs.headers)
    for name in ("accept", "If-Match", "X-Tenant-ID", "content-type", "Nowhere"):
        assert ours.headers.get(name) == theirs.headers.get(name)


@given(environs())
def test_a_body_is_what_werkzeug_reads(environ):
    ours, theirs = of_both(environ)
    try:
        read = theirs.stream.read()
    except werkzeug.exceptions.ClientDisconnected:
        with pytest.raises(BadRequest):
            ours.body(100)
    else:
        assert ours.body(100) == read


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=5), st.booleans())
def test_a_query_is_what_werkzeug_makes_of_it(pairs, plus):
    builder = werkzeug.test.EnvironBuilder(query_string=dict(pairs))
    environ = builder.get_environ()
    if plus:
        environ["QUERY_STRING"] += "&a+b=c+d&&e&=f&g=%zz"
    assert Request(environ).query == werkzeug.wrappers.Request(environ).args.to_dict(flat=False)


@pytest.mark.parametrize(
    "said",
    ["application/json", "Application/JSON; charset=utf-8", " text/plain ;x=y", "", "a/b,c/d"],
)
def test_a_media_type_is_what_werkzeug_reads(said):
    environ = {"CONTENT_TYPE": said}
    assert Request(environ).mimetype == werkzeug.wrappers.Request(environ).mimetype


BODIES = st.one_of(st.text(max_size=9), st.binary(max_size=9), st.lists(st.binary(max_size=5)))
STATUSES = st.sampled_from([200, 201, 204, 206, 304, 400, 404, 412, 418, 428, 431, 503, 599])


@given(BODIES, STATUSES, st.sampled_from(["GET", "HEAD", "POST"]), st.booleans())
def test_an_answer_is_sent_as_werkzeug_sends_it(body, status, method, leads):
    headers = {"Content-Type": "text/plain", "X-A": "é", "ETag": '"a"'}
    headers |= {"Location": "/v1/things/é?a=b#c"} if leads else {}
    sent = []
    for kind in (Response, werkzeug.wrappers.Response):
        environ = werkzeug.test.EnvironBuilder(method=method).get_environ()
        answer = kind(iter(body) if isinstance(body, list) else body, status, headers)
        parts, said, told = werkzeug.test.run_wsgi_app(answer, environ)
        sent.append((b"".join(parts), said, sorted(told)))
    assert sent[0] == sent[1]


@pytest.mark.parametrize("said", ["a\nb", "a\rb", "a\r\nSet-Cookie: b"])
def test_no_header_begins_another(said):
    for kind in (Response, werkzeug.wrappers.Response):
        answer = kind()
        with pytest.raises(ValueError):
            answer.headers["X-A"] = said


def test_a_tag_is_the_one_that_werkzeug_gives():
    ours, theirs = Response(b"abc"), werkzeug.wrappers.Response(b"abc")
    theirs.add_etag()
    assert ours.add_etag() == ours.headers["ETag"] == theirs.headers["ETag"]


def test_a_header_is_said_once_whatever_its_case_but_for_what_is_added():
    for kind in (Response, werkzeug.wrappers.Response):
        headers = kind(b"", 200, {"Content-Type": "a/b"}).headers
        headers["content-type"] = "c/d"
        headers.setdefault("CONTENT-TYPE", "e/f")
        headers.extend([("Vary", "Origin"), ("Vary", "Accept")])
        assert headers["Content-Type"] == "c/d"
        assert [said for name, said in headers if name.lower() == "content-type"] == ["c/d"]
        assert [said for name, said in headers if name == "Vary"] == ["Origin", "Accept"]
        assert headers.get("Nowhere") is None
        assert "vary" in headers
