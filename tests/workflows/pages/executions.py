"""The modules events and experimental.executions, as far as one execution can tell; `test_moments` has the rest."""

from typing import Any

from .table import INFINITY, NAN, Page, Raises, Row

_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
_OPEN = "- open: {call: events.create_callback_endpoint, result: cb}"
_EXACT = "methods are case-sensitive (RFC 9110 section 9.1)"
_YEAR = "an execution lasts a year at most"
_HERE = "there is one project and one location on this machine: any name means it"
_MISSING = "the Executions API says 404"

_NO_CALLBACKS: tuple[Any, ...] = ("http://127.0.0.1:9/", None, [1], {"url": 1}, {"url": {}})

PAGES = (
    Page(
        "events/create_callback_endpoint",
        "events.create_callback_endpoint",
        (
            *(
                Row(
                    True,
                    'text.match_regex(cb.url, "/executions/[0-9a-f-]{36}/callbacks/[^/]{16,}$")',
                    steps="- open: {call: events.create_callback_endpoint, "
                    f"args: {{http_callback_method: {method}}}, result: cb}}",
                )
                for method in _METHODS
            ),
            Row(["url"], "keys(events.create_callback_endpoint())"),
            Row(True, "events.create_callback_endpoint() != events.create_callback_endpoint()"),
            *(
                Row(Raises("ValueError"), args={"http_callback_method": method}, chosen=chosen)
                for method, chosen in (
                    ("TRACE", ""),
                    ("CONNECT", ""),
                    ("", ""),
                    ("post", _EXACT),
                    ("Get", _EXACT),
                )
            ),
            *(
                Row(Raises("TypeError"), args={"http_callback_method": method})
                for method in (1, True, None, ["POST"])
            ),
        ),
    ),
    Page(
        "events/await_callback",
        "events.await_callback",
        (
            Row(Raises("TimeoutError"), steps=_OPEN, args={"callback": "${cb}", "timeout": 0}),
            Row(Raises("TimeoutError"), steps=_OPEN, args={"callback": "${cb}", "timeout": 0.001}),
            *(
                Row(Raises("ValueError"), steps=_OPEN, args={"callback": "${cb}", "timeout": t})
                for t in (-1, -0.5, "${" + NAN + "}", "${" + INFINITY + "}")
            ),
            Row(
                Raises("ValueError"),
                steps=_OPEN,
                args={"callback": "${cb}", "timeout": 31536001},
                chosen=_YEAR,
            ),
            *(
                Row(
                    Raises("TypeError"), steps=_OPEN, args={"callback": "${cb}", "timeout": timeout}
                )
                for timeout in ("1", True, None)
            ),
            *(Row(Raises("TypeError"), args={"callback": callback}) for callback in _NO_CALLBACKS),
            Row(Raises("ValueError"), args={"callback": {}}),
            Row(Raises("ValueError"), args={"callback": {"url": ""}}),
            Row(Raises("ValueError"), args={"callback": {"url": "http://127.0.0.1:9/x"}}),
            Row(Raises("ValueError"), args={"callback": {"url": "${a}"}}, given="\ud800"),
        ),
    ),
    Page(
        "experimental.executions/run",
        "experimental.executions.run",
        (
            Row(Raises("HttpError"), args={"workflow_id": "nobody"}, chosen=_MISSING),
            *(
                Row(Raises("TypeError"), args={"workflow_id": id})
                for id in (1, None, True, ["w"], {"a": 1})
            ),
            Row(Raises("TypeError"), args={"workflow_id": "nobody", "location": 1}),
            Row(Raises("TypeError"), args={"workflow_id": "nobody", "project_id": {}}),
            Row(
                Raises("HttpError"),
                args={"workflow_id": "nobody", "location": "mars", "project_id": "p"},
                chosen=_HERE,
            ),
            Row(
                Raises("TypeError"),
                args={"workflow_id": "nobody", "argument": '${text.encode("x")}'},
            ),
            Row(
                Raises("TypeError"),
                args={"workflow_id": "nobody", "argument": {"deep": ['${text.encode("x")}']}},
                chosen="an argument travels as JSON",
            ),
            Row(
                Raises("ValueError"),
                args={"workflow_id": "nobody", "argument": ["${" + NAN + "}"]},
                chosen="an argument travels as JSON",
            ),
            Row(
                Raises("HttpError"),
                args={"workflow_id": "nobody", "argument": "x" * 33_000},
                chosen="the Executions API takes 32 KB",
            ),
        ),
    ),
    Page(
        "experimental.executions/map",
        "experimental.executions.map",
        (
            Row([], args={"workflow_id": "nobody", "arguments": []}),
            Row(
                Raises("HttpError"),
                args={"workflow_id": "nobody", "arguments": [1, None]},
                chosen=_MISSING,
            ),
            *(
                Row(Raises("TypeError"), args={"workflow_id": "nobody", "arguments": arguments})
                for arguments in (1, None, {"a": 1}, "x")
            ),
            Row(
                Raises("TypeError"),
                args={"workflow_id": "nobody", "arguments": ['${text.encode("x")}']},
            ),
            Row(Raises("TypeError"), args={"workflow_id": 1, "arguments": [1]}),
            Row(
                Raises("TypeError"),
                args={"workflow_id": "nobody", "arguments": [], "timeout": "1"},
            ),
            *(
                Row(
                    Raises("ValueError"),
                    args={"workflow_id": "nobody", "arguments": [], "timeout": timeout},
                    chosen=_YEAR,
                )
                for timeout in (-1, 31536001, "${" + NAN + "}")
            ),
        ),
    ),
)
