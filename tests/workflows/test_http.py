"""What http steps send, and what comes back."""

import socket
import threading
from collections.abc import Callable
from typing import Any

import flask
import pytest

from local.workflows import Runtime

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


def test_an_answer_over_2_mb_ends_the_execution(runtime: Runtime, web: Web) -> None:
    web.answers["big"] = lambda: flask.Response(b"x" * 3_000_000, mimetype="text/plain")
    with pytest.raises(Failed, match="larger than 2 MB"):
        step(runtime, "http.get", f"{{url: '{web.url}/big'}}")


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


def test_a_default_retry_repeats_what_is_worth_it(runtime: Runtime, web: Web, clock: Any) -> None:
    from .conftest import until

    codes = [503, 429, 200]
    web.answers["busy"] = lambda: flask.Response(status=codes.pop(0))
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
    delays = []
    for left in (2, 1):
        until(lambda left=left: len(codes) == left and runtime.idle())  # type: ignore[misc]
        deadline = runtime.next_deadline()
        assert deadline is not None
        delays.append(round((deadline - clock.now()).total_seconds(), 1))
        clock.jump(deadline)
    assert runtime.wait(execution, 5)["result"] == "200"
    assert delays in ([1.0, 1.2], [1.0, 1.3])


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
