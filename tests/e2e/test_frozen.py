"""Stop is not destroy: what was under way when everything stood still goes on to its end once it may."""

from datetime import timedelta
from uuid import uuid4

import pytest

from local.story import acts, blueprints
from local.story.client import Client
from shared.documents import Query
from tests.rehearsals.scene import at_stage, until, until_over

pytestmark = pytest.mark.slow

REASON = "An incident is looked into before anything else happens."


@pytest.fixture
def client(platform):
    return Client(platform.address, platform.secret)


@pytest.fixture
def freeze(client):
    def frozen(on):
        client.sign_in("governor")
        body = {"on": on, "reason": REASON}
        client.send("governor", "PUT", "/v1/policy/freeze", json=body)

    return frozen


def let_pass(platform, time):
    """Let everything happen that happens in a time, and wait until it has."""
    then = platform.clock.now() + time

    def over():
        until(platform.idle)
        if platform.jump(then) is None and platform.idle():
            platform.clock.jump(then)
        return platform.clock.now() >= then

    until(over, timeout_s=60)


def begin(platform, agent):
    """Have an execution begin to make an agent, beside the one of its start: one of them claims the run."""
    argument = {"workflow_id": agent["workflow_id"], "agent_id": agent["id"]}
    argument |= {"correlation_id": str(uuid4()), "traceparent": ""}
    platform.runtime.execute("agent_creation", argument)


def submit(client, agent_id, parts):
    seen = at_stage(client, agent_id, 2)
    acts.submit(client, seen, blueprints.blueprint(parts.job_role, parts.skills))


def made(client, platform, agent_id):
    """Have an agent judged and approved that was submitted, and return it."""
    for stage in acts.EVALUATORS:
        acts.judge_stage(client, at_stage(client, agent_id, stage))
    at_stage(client, agent_id, 6)
    approval = until(lambda: acts.open_approval(client, agent_id))
    client.sign_in("governor")
    acts.approve(client, approval)
    return until_over(client, agent_id, platform)


def given_up(platform):
    return [one.data for one in platform.documents.find(None, Query("dead_letters"))]


def test_a_freeze_lets_no_pipeline_fail(client, platform, freeze):
    parts = acts.certify_parts(client, lambda _: None)
    waiting = acts.request_agent(client, parts, "Waits for a judge")["agent"]["id"]
    submit(client, waiting, parts)
    at_stage(client, waiting, 3)
    begun = acts.request_agent(client, parts, "Begins")["agent"]
    freeze(True)
    begin(platform, begun)
    let_pass(platform, timedelta(hours=3))
    for one in (waiting, begun["id"]):
        assert acts.pipeline(client, one)["status"] == "in_progress", one
    freeze(False)
    let_pass(platform, timedelta(minutes=20))
    submit(client, begun["id"], parts)
    for one in (waiting, begun["id"]):
        assert made(client, platform, one)["status"] == "deployed"
    assert given_up(platform) == []


def test_half_an_hour_without_enforcement_lets_no_pipeline_fail(client, platform, monkeypatch):
    parts = acts.certify_parts(client, lambda _: None)
    one = acts.request_agent(client, parts, "Begins")["agent"]

    def gone():
        raise OSError("policies/ is not there")

    with monkeypatch.context() as broken:
        broken.setattr("shared.edge.bundles.shipped", gone)
        platform.clock.jump(platform.clock.now() + timedelta(minutes=1))
        begin(platform, one)
        let_pass(platform, timedelta(minutes=30))
        assert acts.pipeline(client, one["id"])["status"] == "in_progress"
    let_pass(platform, timedelta(minutes=10))
    submit(client, one["id"], parts)
    assert made(client, platform, one["id"])["status"] == "deployed"
    assert given_up(platform) == []
