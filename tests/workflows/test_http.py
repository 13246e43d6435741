"""What http steps send, and what comes back."""

import base64
import gzip
import socket
import ssl
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask
import pytest

from local.workflows import Runtime
from local.workflows.connectors import Remote
from local.workflows.functions import FUNCTIONS
from local.workflows.records import read_moment
from tests.edge.strangers import certify, providing_tls

from .conftest import Anybody, Failed, Web, outcome

Start = Callable[..., Runtime]


def step(runtime: Runtime, call: str, args: str, more: str = "") -> Any:
    return outcome(
        runtime,
        f"""
        - a: {{call: {call}, args: {args}, result: r}}
        - b: {{return: '${{r{more}}}'}}
        """,
    )


def test_a_map_is_sent_and_read_as_json(runtime: Runtime, web: Web) -> None:
    found = step(runtime, "http.post", f"{{url: '{web.url}/x', body: {{a: [1, ä]}}}}")
    assert found["code"] == 200
    assert found["body"] == {"path": "x"}
    assert found["headers"]["Content-Type"] == "application/json"
    asked = web.asked[0]
    assert asked["body"] == '{"a":[1,"ä"]}'
    assert asked["headers"]["Content-Type"] == "application/json; charset=utf-8"
    assert "GoogleCloudWorkflows" in asked["headers"]["User-Agent"]


def test_no_key_is_invented_and_the_source_s_own_is_passed_on(runtime: Runtime, web: Web) -> None:
    step(runtime, "http.post", f"{{url: '{web.url}/x'}}")
    step(runtime, "http.post", f"{{url: '{web.url}/x', headers: {{Idempotency-Key: k}}}}")
    assert [a["headers"].get("Idempotency-Key") for a in web.asked] == [None, "k"]


def test_forms_texts_and_queries(runtime: Runtime, web: Web) -> None:
    form = "{Content-Type: application/x-www-form-urlencoded}"
    step(runtime, "http.post", f"{{url: '{web.url}/f', headers: {form}, body: {{a: 1, b: 'x y'}}}}")
    step(runtime, "http.put", f"{{url: '{web.url}/t', body: hello}}")
    step(runtime, "http.get", f"{{url: '{web.url}/q?z=1', query: {{a: [1, true], b: x&y}}}}")
    assert [a["body"] for a in web.asked] == ["a=1&b=x+y", '"hello"', ""]
    assert web.asked[2]["query"] == {"z": ["1"], "a": ["1", "true"], "b": ["x&y"]}


def test_texts_are_strings_and_the_rest_is_bytes(runtime: Runtime, web: Web) -> None:
    web.answers["t"] = lambda: flask.Response("hé", mimetype="text/plain")
    web.answers["b"] = lambda: flask.Response(b"\x00\xff", mimetype="application/octet-stream")
    web.answers["n"] = lambda: flask.Response(status=204)
    assert step(runtime, "http.get", f"{{url: '{web.url}/t'}}", ".body") == "hé"
    found = outcome(
        runtime,
        f"""
        - a: {{call: http.get, args: {{url: '{web.url}/b'}}, result: r}}
        - b: {{return: '${{base64.encode(r.body)}}'}}
        """,
    )
    assert found == "AP8="


def test_an_error_status_is_the_documented_error(runtime: Runtime, web: Web) -> None:
    web.answers["gone"] = lambda: (flask.jsonify(why="moved"), 404, {"X-One": "1"})
    with pytest.raises(Failed) as caught:
        step(runtime, "http.get", f"{{url: '{web.url}/gone'}}")
    error = caught.value.payload
    assert error["tags"] == ["HttpError"]
    assert error["code"] == 404
    assert error["message"] == "HTTP server responded with error code 404"
    assert error["body"] == {"why": "moved"}
    assert error["headers"]["X-One"] == "1"


def test_nobody_listening_is_a_failed_connection(runtime: Runtime) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Failed) as caught:
        step(runtime, "http.post", f"{{url: 'http://127.0.0.1:{port}/'}}")
    assert caught.value.payload["tags"] == ["ConnectionFailedError"]


def test_a_broken_connection_may_have_had_its_effect(runtime: Runtime) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            connection, _ = server.accept()
            connection.recv(1000)
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(Failed) as caught:
            step(runtime, "http.post", f"{{url: 'http://127.0.0.1:{server.getsockname()[1]}/'}}")
        thread.join()
    assert caught.value.payload["tags"] == ["ConnectionError"]


def test_a_slow_answer_times_out(runtime: Runtime, web: Web) -> None:
    gate = threading.Event()
    web.answers["slow"] = lambda: flask.jsonify(gate.wait(5))
    with pytest.raises(Failed) as caught:
        step(runtime, "http.get", f"{{url: '{web.url}/slow', timeout: 0.1}}")
    gate.set()
    assert caught.value.payload["tags"] == ["TimeoutError"]


def test_an_answer_that_trickles_times_out_too(runtime: Runtime, web: Web) -> None:
    gate = threading.Event()

    def trickle() -> Any:
        for _ in range(200):
            yield b"x"
            if gate.wait(0.02):
                return

    web.answers["slow"] = lambda: flask.Response(trickle(), mimetype="text/plain")
    with pytest.raises(Failed) as caught:
        step(runtime, "http.get", f"{{url: '{web.url}/slow', timeout: 0.2}}")
    gate.set()
    assert caught.value.payload["tags"] == ["TimeoutError"]


def test_what_says_json_must_be_json(runtime: Runtime, web: Web) -> None:
    web.answers["bad"] = lambda: flask.Response("{", mimetype="application/json")
    with pytest.raises(Failed) as caught:
        step(runtime, "http.get", f"{{url: '{web.url}/bad'}}")
    assert caught.value.payload["tags"] == ["ResponseTypeError"]


PACKED: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}


@pytest.mark.parametrize("coding", ["", *PACKED])
def test_an_answer_over_2_mb_ends_the_execution(runtime: Runtime, web: Web, coding: str) -> None:
    """Packed as well: it is not unpacked further than that."""
    big = b"x" * (30_000_000 if coding else 3_000_000)
    body = PACKED[coding](big) if coding else big
    headers = {"Content-Encoding": coding} if coding else {}
    web.answers["big"] = lambda: flask.Response(body, headers=headers, mimetype="text/plain")
    with pytest.raises(Failed, match="larger than 2 MB"):
        step(runtime, "http.get", f"{{url: '{web.url}/big'}}")


@pytest.mark.parametrize("coding", PACKED)
def test_half_of_what_was_packed_is_no_body(runtime: Runtime, web: Web, coding: str) -> None:
    packed = PACKED[coding](b"x" * 9000)[:-4]
    headers = {"Content-Encoding": coding}
    web.answers["half"] = lambda: flask.Response(packed, headers=headers, mimetype="text/plain")
    with pytest.raises(Failed) as caught:
        step(runtime, "http.get", f"{{url: '{web.url}/half'}}")
    assert caught.value.payload["tags"] == ["ResponseTypeError"]


def test_redirects_are_followed_for_reading_only(runtime: Runtime, web: Web) -> None:
    web.answers["old"] = lambda: flask.redirect("/new")
    assert step(runtime, "http.get", f"{{url: '{web.url}/old'}}", ".body.path") == "new"
    assert step(runtime, "http.post", f"{{url: '{web.url}/old'}}", ".code") == 302


def test_a_redirect_elsewhere_takes_no_secret_along(runtime: Runtime, web: Web) -> None:
    elsewhere = Web()
    try:
        web.answers["old"] = lambda: flask.redirect(f"{elsewhere.url}/new")
        secrets = "Authorization: a, X-Api-Key: b, Cookie: c, X-Token: d, Idempotency-Key: e"
        step(runtime, "http.get", f"{{url: '{web.url}/old', headers: {{{secrets}, Accept: f}}}}")
        sent = {name.lower() for name in elsewhere.asked[0]["headers"]}
    finally:
        elsewhere.close()
    assert sent & {"authorization", "x-api-key", "cookie", "x-token", "idempotency-key"} == set()
    assert "accept" in sent


def test_whom_an_address_names_signs_in_there_only(runtime: Runtime, web: Web) -> None:
    elsewhere = Web()
    named = web.url.replace("//", "//me:p%40ss@")
    try:
        web.answers["on"] = lambda: flask.redirect("/here")
        web.answers["off"] = lambda: flask.redirect(f"{elsewhere.url}/there")
        for path in ("on", "off"):
            step(runtime, "http.get", f"{{url: '{named}/{path}'}}")
        step(runtime, "http.get", f"{{url: '{named}/a', headers: {{authorization: mine}}}}")
    finally:
        elsewhere.close()
    basic = "Basic " + base64.b64encode(b"me:p@ss").decode()
    sent = [one["headers"].get("Authorization") for one in web.asked]
    assert sent == [basic, basic, basic, "mine"]
    assert [one["headers"].get("Authorization") for one in elsewhere.asked] == [None]


def test_a_name_is_asked_for_as_dns_has_it(
    runtime: Runtime, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, asked, resolve = int(web.url.rpartition(":")[2]), [], socket.getaddrinfo

    def resolved(host: str, *more: Any, **named: Any) -> Any:
        asked.append(host)
        return resolve("127.0.0.1", *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    step(runtime, "http.get", f"{{url: 'http://Bücher.Example:{port}/x'}}")
    assert asked == ["xn--bcher-kva.example"]
    assert web.asked[0]["headers"]["Host"] == f"xn--bcher-kva.example:{port}"


def test_an_authority_of_one_s_own_is_the_only_one(runtime: Runtime, tmp_path: Path) -> None:
    ours, pair = certify(tmp_path, "localhost")
    (tmp_path / "other").mkdir()
    other, _ = certify(tmp_path / "other", "localhost")
    with providing_tls(pair) as server:
        url = f"https://localhost:{server.server_port}/x"

        def asked(authority: Path) -> Any:
            der = base64.b64encode(ssl.PEM_cert_to_DER_cert(authority.read_text())).decode()
            parts = [der[at : at + 300] for at in range(0, len(der), 300)]
            names = [f"d{at}" for at in range(len(parts))]
            known = ", ".join(f"{{{n}: '{part}'}}" for n, part in zip(names, parts, strict=True))
            certificate = f"${{base64.decode({' + '.join(names)})}}"
            args = f"{{url: '{url}', ca_certificate: '{certificate}'}}"
            return outcome(
                runtime,
                f"""
                - d: {{assign: [{known}]}}
                - a: {{call: http.get, args: {args}, result: r}}
                - b: {{return: '${{r.code}}'}}
                """,
            )

        assert asked(ours) == 200
        for untrusted in (
            lambda: asked(other),
            lambda: step(runtime, "http.get", f"{{url: '{url}'}}"),
        ):
            with pytest.raises(Failed) as caught:
                untrusted()
            assert caught.value.payload["tags"] == ["ConnectionFailedError"]
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("auth", "tag"),
    [
        ("{type: OAuth2, scopes: 'https://www.googleapis.com/auth/cloud-platform'}", None),
        ("{type: OAuth2, scope: ['https://www.googleapis.com/auth/cloud-platform']}", None),
        ("{type: OAuth2, scopes: null}", None),
        ("{type: OAuth2, scope: 'https://www.googleapis.com/auth/drive'}", "AuthError"),
        ("{type: OAuth2, scopes: ['https://www.googleapis.com/auth/drive']}", "AuthError"),
        ("{type: OAuth2, scopes: 'https://www.googleapis.com/auth/cloud-platform,a'}", "AuthError"),
        ("{type: OAuth2, scopes: 1}", "TypeError"),
        ("{type: OAuth2, scopes: [1]}", "TypeError"),
        ("{type: OIDC, audience: 1}", "TypeError"),
        ("{type: OIDC, audiences: me}", "ValueError"),
    ],
)
def test_nothing_that_is_asked_of_a_token_is_dropped(
    start: Start, web: Web, auth: str, tag: str | None
) -> None:
    runtime = start(authority=Anybody())
    args = f"{{url: '{web.url}/x', auth: {auth}}}"
    if tag is None:
        assert step(runtime, "http.get", args, ".code") == 200
        return
    with pytest.raises(Failed) as caught:
        step(runtime, "http.get", args)
    assert caught.value.payload["tags"] == [tag]
    assert web.asked == []


def test_the_platform_s_token_goes_to_the_platform_only(start: Start, web: Web) -> None:
    runtime = start(authority=Anybody())
    auth = "auth: {type: OIDC, audience: me}"
    step(runtime, "http.get", f"{{url: '{web.url}/x', {auth}}}")
    step(runtime, "http.get", f"{{url: '{web.url}/y', auth: {{type: OAuth2}}}}")
    assert [a["headers"].get("Authorization") for a in web.asked] == [
        "Bearer token-for-me",
        f"Bearer token-for-{web.url}/y",
    ]
    others = [
        "http://localhost:1/",
        f"{web.url}0/",
        f"{web.url}@evil.example/",
        "https://example.org/",
    ]
    for other in others:
        with pytest.raises(Failed) as caught:
            step(runtime, "http.get", f"{{url: '{other}', {auth}}}")
        assert caught.value.payload["tags"] == ["AuthError"]


def test_a_service_takes_text_as_it_is(web: Web) -> None:
    request = {"service": "storage", "method": "POST", "path": "/o", "query": [], "timeout": 1}
    for body in ("text", {"a": 1}):
        Remote({"storage": web.url}).send({**request, "body": body}, "key")
    sent = [(one["headers"]["Content-Type"], one["body"]) for one in web.asked]
    assert sent == [
        ("text/plain; charset=utf-8", "text"),
        ("application/json; charset=utf-8", '{"a":1}'),
    ]


def test_a_request_of_an_older_journal_is_written_as_it_was() -> None:
    """Its hash is how a replay knows it."""
    for name, given in (("http.post", {}), ("http.request", {"method": "POST"})):
        function = FUNCTIONS[name]
        request = function.body(**function.named({"url": "http://a/", "body": 1, **given}))
        assert request == {
            "method": "POST",
            "url": "http://a/",
            "timeout": 300.0,
            "body": 1,
            "headers": {},
            "query": [],
            "auth": None,
        }


def test_a_default_retry_repeats_what_is_worth_it(runtime: Runtime, web: Web, clock: Any) -> None:
    from .conftest import until

    codes = [503, 429, 200]
    web.answers["busy"] = lambda: flask.Response(
        "oops" if codes[0] == 503 else "{}", codes.pop(0), mimetype="application/json"
    )
    runtime.deploy(
        "w",
        f"""
        - a:
            try: {{call: http.get, args: {{url: '{web.url}/busy'}}, result: r}}
            retry: ${{http.default_retry}}
        - b: {{return: '${{r.code}}'}}
        """,
    )
    execution = runtime.execute("w", None)
    for left in (2, 1):
        until(lambda left=left: len(codes) == left and runtime.idle())  # type: ignore[misc]
        deadline = runtime.next_deadline()
        assert deadline is not None
        clock.jump(deadline)
    assert runtime.wait(execution, 5)["result"] == "200"
    waits = runtime.journal.read(
        "SELECT started, deadline FROM ops WHERE kind = 'backoff' ORDER BY started"
    )
    delays = [read_moment(one["deadline"]) - read_moment(one["started"]) for one in waits]
    assert [one.total_seconds() for one in delays] == [1.0, 1.25]


def test_a_non_idempotent_retry_leaves_other_errors_alone(runtime: Runtime, web: Web) -> None:
    web.answers["bad"] = lambda: flask.Response(status=502)
    with pytest.raises(Failed):
        outcome(
            runtime,
            f"""
            - a:
                try: {{call: http.post, args: {{url: '{web.url}/bad'}}}}
                retry: ${{http.default_retry_non_idempotent}}
            """,
        )
    assert web.paths() == ["bad"]
