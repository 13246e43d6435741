"""Workflow Executions as it is spoken over a real socket, and what becomes of each of its answers."""

import json

import pytest

from shared.edge.settings import Settings
from shared.edge.workflows import WorkflowExecutions
from shared.errors import Invalid, ProviderDown
from tests.edge.provider import Reply

PARENT = "projects/p/locations/europe-west3/workflows/agent-creation"
STARTED = Reply(200, {"name": f"{PARENT}/executions/e-1", "state": "ACTIVE"})


@pytest.fixture
def settings(provider):
    return Settings(
        {"PROJECT": "p", "LOCATION": "europe-west3", "WORKFLOW_EXECUTIONS": provider.address}
    )


@pytest.fixture
def engine(settings, pauses):
    return WorkflowExecutions(settings, lambda: "secret", timeout_s=0.3, sleep=pauses.append)


@pytest.fixture
def callback(provider):
    return f"{provider.address}/v1/{PARENT}/executions/e-1/callbacks/c-1_2"


def test_an_execution_is_started_as_google_documents_it(provider, engine):
    provider.replies = [STARTED]

    assert engine.start("agent-creation", {"agent": "ä", "n": 1}) == "e-1"
    (seen,) = provider.seen
    assert (seen.method, seen.path) == ("POST", f"/v1/{PARENT}/executions")
    assert seen.headers["Authorization"] == "Bearer secret"
    assert seen.headers["Content-Type"] == "application/json"
    assert list(seen.json) == ["argument"], "the argument is a text that holds JSON"
    assert json.loads(seen.json["argument"]) == {"agent": "ä", "n": 1}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409])
def test_a_start_that_is_refused_is_delivered_again(provider, engine, pauses, status):
    provider.replies = [Reply(status, {"error": {"code": status}})]

    with pytest.raises(ProviderDown, match=f"answered {status}"):
        engine.start("agent-creation", {})
    assert (len(provider.seen), pauses) == (1, [])


def test_a_start_that_comes_too_fast_waits_as_google_says(provider, engine, pauses):
    provider.replies = [Reply(429, {}, {"Retry-After": "3"}), STARTED]

    assert engine.start("agent-creation", {}) == "e-1"
    assert pauses == [3.0]


@pytest.mark.parametrize("reply", [Reply(500), Reply(503), Reply(cut=True), Reply(wait_s=0.5)])
def test_a_start_whose_answer_is_lost_is_not_made_twice(provider, engine, reply):
    provider.replies = [reply]

    with pytest.raises(ProviderDown):
        engine.start("agent-creation", {})
    assert len(provider.seen) == 1


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"<html>", [], {}, {"state": "ACTIVE"}, None, {"name": 1}, {"name": "e-1"}),
        {"name": f"{PARENT}/executions/"},
        {"name": f"{PARENT}-2/executions/e-1"},
    ],
)
def test_an_answer_that_names_no_execution_is_none(provider, engine, body):
    provider.replies = [Reply(200, body)]

    with pytest.raises(ProviderDown, match="something else than it was asked"):
        engine.start("agent-creation", {})


def test_a_waiting_workflow_is_called_back_with_our_own_token(provider, engine, callback):
    engine.wake(callback)

    (seen,) = provider.seen
    assert provider.address + seen.path == callback
    assert (seen.method, seen.json) == ("POST", {})
    assert seen.headers["Authorization"] == "Bearer secret"


def test_one_that_no_longer_waits_is_delivered(provider, engine, callback):
    provider.replies = [Reply(404)]

    engine.wake(callback)
    assert len(provider.seen) == 1


@pytest.mark.parametrize(
    "reply", [Reply(429), Reply(500), Reply(503), Reply(cut=True), Reply(wait_s=0.5)]
)
def test_a_callback_may_come_twice_and_is_repeated(provider, engine, callback, reply):
    provider.replies = [reply, Reply(200)]

    engine.wake(callback)
    assert len(provider.seen) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 409])
def test_a_callback_that_is_refused_is_delivered_again(provider, engine, callback, status):
    provider.replies = [Reply(status)]

    with pytest.raises(ProviderDown, match=f"answered {status}"):
        engine.wake(callback)


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.replace("/v1/projects/p/", "/v1/projects/q/"),
        lambda url: url.replace("/callbacks/", "/elsewhere/"),
        lambda url: url.replace("http://127.0.0.1", "http://evil.example"),
        lambda url: url.replace("http://", "http://evil.example@"),
        lambda url: url + "?x=1",
        lambda url: url + "/../../x",
        lambda url: url + "%2e",
    ],
)
def test_our_token_goes_to_this_projects_callbacks_alone(provider, engine, callback, change):
    with pytest.raises(Invalid) as refused:
        engine.wake(change(callback))
    assert refused.value.violations[0].rule == "callback_url"
    assert provider.seen == []


def test_a_redirection_takes_our_token_nowhere(provider, engine, callback):
    provider.replies = [Reply(307, {}, {"Location": f"{provider.address}/stolen"})]

    with pytest.raises(ProviderDown, match="answered 307"):
        engine.wake(callback)
    assert len(provider.seen) == 1


def test_an_engine_that_is_down_is_left_alone(provider, engine, callback):
    provider.replies = [Reply(503)]
    for _ in range(3):
        with pytest.raises(ProviderDown):
            engine.wake(callback)
    provider.seen.clear()

    with pytest.raises(ProviderDown, match="left alone for now"):
        engine.wake(callback)
    assert provider.seen == []
