"""The module http; the guide to it is in `requests`."""

from typing import Any

from tests.workflows.peer import ANYTHING, Exchange, Sent, answer

from .table import Page, Raises, Row

_AGENT = "GoogleCloudWorkflows; (+https://cloud.google.com/workflows/docs)"
_JSON, _UTF8 = "application/json", "application/json; charset=utf-8"
_TYPE, _VALUE = Raises("TypeError"), Raises("ValueError")


def _rows(function: str, verb: str) -> tuple[Exchange, ...]:
    """Return what the page of each function says."""
    chosen = "" if verb != "GET" else "a GET may have a body; the page does not speak of its type"
    return (
        Exchange(
            {"a": 1},
            said=answer('{"a": 1}', _JSON),
            sent=Sent(f"{verb} /", {"User-Agent": _AGENT, "Content-Type": None}, b""),
        ),
        Exchange(201, said=answer(code=201), returns="result.code"),
        Exchange("b", said=answer("", "", "X-One: b"), returns='result.headers["X-One"]'),
        Exchange(
            ANYTHING,
            args={"body": {"a": [1, "ä"]}},
            sent=Sent("", {"Content-Type": _UTF8}, '{"a":[1,"ä"]}'.encode()),
            chosen=chosen,
        ),
        Exchange(
            ANYTHING,
            args={"body": "hello"},
            sent=Sent("", {"Content-Type": _UTF8}, b'"hello"'),
            chosen=chosen,
        ),
        Exchange(
            ANYTHING,
            args={"body": '${base64.decode("AP8=")}'},
            sent=Sent("", {"Content-Type": "application/octet-stream"}, b"\x00\xff"),
            chosen=chosen,
        ),
        Exchange(ANYTHING, args={"headers": {"X-Two": "a"}}, sent=Sent("", {"X-Two": "a"})),
        Exchange(
            ANYTHING,
            args={"query": {"s": "x&y z", "i": 1, "d": 2.5, "b": True, "l": [1, "two", False]}},
            sent=Sent(f"{verb} /?s=x%26y+z&i=1&d=2.5&b=true&l=1&l=two&l=false"),
        ),
        Exchange(
            Raises("HttpError"),
            said=answer('{"why": "moved"}', _JSON, "X-One: b", code=400),
            told={
                "code": 400,
                "body": {"why": "moved"},
                "message": "HTTP server responded with error code 400",
            },
        ),
        Exchange(399, said=answer(code=399), returns="result.code"),
        Exchange(Raises("TimeoutError"), args={"timeout": 0}, chosen="no time is over at once"),
        Exchange(_VALUE, args={"timeout": 1801}),
        Exchange(_VALUE, args={"timeout": 1800.5}),
        Exchange(ANYTHING, args={"timeout": 1800}),
        Exchange(ANYTHING, args={"timeout": 0.9}),
        Exchange(_VALUE, args={"timeout": -1}, chosen="no time is less than none"),
        Exchange(_VALUE, args={"timeout": '${double("NaN")}'}, chosen="it is no time"),
        Exchange(_TYPE, args={"timeout": "1"}, chosen="the page names numbers"),
        Exchange(_VALUE, args={"url": "example.com"}),
        Exchange(_VALUE, args={"url": "ftp://example.com/"}),
        Exchange(_VALUE, args={"auth": {"type": "Basic"}}),
        Exchange(_VALUE, args={"auth": {}}),
        Exchange(
            Raises("AuthError"),
            args={"auth": {"type": "OIDC"}},
            chosen="a machine has tokens of the platform alone",
        ),
        Exchange(_VALUE, args={"private_service_name": "projects/p/services/s"}),
        Exchange(
            _VALUE,
            args={"private_service_name": "projects/p/locations/l/namespaces/n/services/s"},
        ),
        Exchange(
            Raises("SystemError"),
            args={
                "url": "http://example.com/",
                "private_service_name": "projects/p/locations/l/namespaces/n/services/s",
            },
            chosen="a machine has no Service Directory, and says so",
        ),
        Exchange(_VALUE, args={"ca_certificate": "-----BEGIN CERTIFICATE-----"}),
        Exchange(
            _VALUE, args={"ca_certificate": '${base64.decode("AP8=")}'}, chosen="it is no DER"
        ),
        Exchange(
            Raises("ConnectionFailedError"),
            args={"url": "http://127.0.0.1:1/"},
        ),
        Exchange(
            Raises("ConnectionFailedError"),
            args={"url": "http://no.such.name.invalid/"},
            chosen="the page names DNS with ConnectionError, that of errors with ConnectionFailedError,"
            " which says what is known: nothing was sent",
        ),
        Exchange(
            Raises("ConnectionError"),
            said=answer("abc")[:-1],
        ),
    )


_FUNCTIONS = ("get", "post", "put", "patch", "delete")

_STRANGE: tuple[Any, ...] = (
    None,
    "HttpError",
    503,
    [],
    {},
    {"code": 503},
    {"tags": "HttpError", "code": 503},
    {"tags": ["HttpError"]},
    {"tags": ["HttpError"], "code": "503"},
    {"tags": ["HttpError"], "code": [503]},
    {"tags": [["HttpError"], None], "code": {}},
)


def _retried(function: str, codes: set[int], tags: set[str]) -> Page:
    many = (400, 404, 408, 429, 500, 501, 502, 503, 504, 505)
    errors = (
        *("AuthError", "ConnectionError", "ConnectionFailedError", "HttpError", "KeyError"),
        *("OperationError", "ResponseTypeError", "SystemError", "TimeoutError", "ValueError"),
    )
    call = f"{function}(a)"
    return Page(
        function.replace(".", "/"),
        function,
        (
            *(
                Row(code in codes, call, given={"tags": ["HttpError"], "code": code})
                for code in many
            ),
            *(Row(tag in tags, call, given={"tags": [tag]}) for tag in errors),
            Row(True, call, given={"tags": ["X", "ConnectionFailedError"]}),
            *(
                Row(False, call, given=strange, chosen="what is no error of HTTP is not retried")
                for strange in _STRANGE
            ),
        ),
    )


_CONNECTION = {"ConnectionError", "ConnectionFailedError", "TimeoutError"}


def _policy(name: str) -> Page:
    return Page(
        name.replace(".", "/"),
        name,
        (
            Row(5, f"{name}.max_retries"),
            Row({"initial_delay": 1, "max_delay": 60, "multiplier": 1.25}, f"{name}.backoff"),
        ),
    )


PAGES = (
    *(
        Page(f"http/{name}", f"http.{name}", _rows(f"http.{name}", name.upper()))
        for name in _FUNCTIONS
    ),
    Page(
        "http/request",
        "http.request",
        (
            *_rows("http.request", "GET"),
            *(
                Exchange(ANYTHING, args={"method": verb}, said=answer(), sent=Sent(f"{verb} /"))
                for verb in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
            ),
            Exchange(
                ANYTHING,
                args={"method": "post"},
                sent=Sent("POST /"),
                chosen="the case of a method does not matter",
            ),
            Exchange(
                None,
                args={"method": "HEAD"},
                said=answer("[1]", _JSON)[:-3],
                chosen="an answer to HEAD has no body, whatever its headers say",
            ),
            Exchange(
                "7",
                args={"method": "HEAD"},
                said=answer("[1,2,3]", _JSON)[:-7],
                returns='result.headers["Content-Length"]',
            ),
            Exchange(_VALUE, args={"method": "TRACE"}, chosen="the page names seven"),
            Exchange(_VALUE, args={"method": "CONNECT"}, chosen="the page names seven"),
            Exchange(_VALUE, args={"method": ""}, chosen="the page names seven"),
            Exchange(_TYPE, args={"method": None}, chosen="the page has a string"),
        ),
    ),
    _retried("http.default_retry_predicate", {429, 502, 503, 504}, _CONNECTION),
    _retried("http.default_retry_predicate_non_idempotent", {429, 503}, {"ConnectionFailedError"}),
    _policy("http.default_retry"),
    _policy("http.default_retry_non_idempotent"),
)
