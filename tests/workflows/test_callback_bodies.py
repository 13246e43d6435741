"""What is sent to a callback arrives, or whoever sent it is told; the execution goes on either way."""

import json
from collections.abc import Callable

import pytest

from local.clock import Clock
from local.workflows import Runtime

from .pages.callbacks import SENT, Sent
from .test_callback_scenarios import OPEN, WAIT, Stage

_TOLD = """
- wait: {call: events.await_callback, args: {callback: '${cb}', timeout: 60}, result: got}
- body: {assign: [{body: '${got.http_request.body}'}]}
- binary:
    switch: [{condition: '${get_type(body) == "bytes"}', return: {base64: '${base64.encode(body)}'}}]
- r: {return: '${body}'}
"""
_WHOLE = WAIT.replace("got.http_request.body", "got")
_STRANGE = r'{"note": "\ud800", "long": "' + "x" * 100_000 + '"}'
_USES = (
    *("text.to_upper(b.note)", "text.to_lower(b.note)", "text.url_encode(b.note)"),
    *("text.url_encode_plus(b.note)", "text.url_decode(b.note)", "text.encode(b.note)"),
    *(
        'text.split(b.note, ",")',
        'text.replace_all(b.note, "a", "b")',
        "text.substring(b.note, 0, 1)",
    ),
    *(
        'text.match_regex(b.note, "a")',
        'text.find_all_regex(b.note, "a")',
        'text.find_all(b.note, "a")',
    ),
    *('text.replace_all_regex(b.note, "a", "b")', "json.encode(b)", "json.encode_to_string(b)"),
    *("json.decode(b.note)", "base64.decode(b.note)", "time.parse(b.note)", "sys.get_env(b.note)"),
    *("time.format(0, b.note)", "int(b.note)", "double(b.note)", "len(b.note)", 'b.note + "x"'),
)


@pytest.fixture
def stage(start: Callable[..., Runtime], clock: Clock) -> Stage:
    return Stage(start, clock)


@pytest.mark.parametrize("sent", SENT, ids=lambda sent: f"{sent.kind or 'none'}-{len(sent.body)}")
def test_a_body_arrives_or_is_refused(stage: Stage, sent: Sent) -> None:
    stage.play(OPEN, _TOLD)
    assert stage.call(data=sent.body, content_type=sent.kind or None) == (sent.refused or 200)
    if sent.refused:
        assert stage.shown() == (1, 0)
        assert stage.call("instead") == 200
    assert stage.result == ("instead" if sent.refused else sent.wanted)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_a_request_is_told_whole(stage: Stage, method: str) -> None:
    stage.play(
        OPEN.replace("endpoint,", f"endpoint, args: {{http_callback_method: {method}}},"), _WHOLE
    )
    query = [("q", "1"), ("many", "a b"), ("many", "ä"), ("empty", "")]
    headers = {"X-One": "1", "Authorization": "Bearer secret"}
    data = {"json": [1]} if method in {"POST", "PUT", "PATCH"} else {"data": b""}
    assert stage.call(method=method, query_string=query, headers=headers, **data) == 200
    told = stage.result
    assert sorted(told) == ["http_request", "received_time", "type"]
    request = told["http_request"]
    assert sorted(request) == ["body", "headers", "method", "query", "url"]
    assert request["method"] == method
    assert request["query"] == {"q": "1", "many": ["a b", "ä"], "empty": ""}
    assert request["headers"]["X-One"] == "1"
    assert "Authorization" not in request["headers"]
    assert request["url"].startswith(f"{stage.paths[0]}?q=1&many=")
    assert request["body"] == ([1] if "json" in data else None)
    assert told["type"] == "HTTP"
    stage.runtime.deploy(
        "moment", f"- r: {{return: '${{time.parse(\"{told['received_time']}\")}}'}}"
    )
    received = stage.runtime.wait(stage.runtime.execute("moment", None), 5)["result"]
    assert abs(json.loads(received) - stage.clock.now().timestamp()) < 60


def test_a_text_that_is_none_is_an_error_that_can_be_handled(stage: Stage) -> None:
    uses = "\n".join(
        f"- use{at}: {{try: {{assign: [{{x: '${{{use}}}'}}]}}, "
        f"except: {{as: e, steps: [{{a{at}: {{assign: [{{all: '${{list.concat(all, e.tags[0])}}'}}]}}}}]}}}}"
        for at, use in enumerate(_USES)
    )
    stage.play(
        OPEN,
        "- i: {assign: [{all: []}]}",
        WAIT.split("- r:", maxsplit=1)[0],
        "- b: {assign: [{b: '${got.http_request.body}'}]}",
        uses,
        "- l: {try: {call: sys.log, args: {text: '${b.note}'}}, except: {as: e, steps: [{k: {assign: [{n: 0}]}}]}}",
        "- r: {return: '${all}'}",
    )
    assert stage.call(data=_STRANGE, content_type="application/json") == 200
    assert set(stage.result) <= {"ValueError"}
    assert len(stage.result) > len(_USES) / 2
