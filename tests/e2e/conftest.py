"""The whole platform, and how to lead an agent through it."""

import time

import pytest

from benchmarks.spawn import free_port
from local.platform import Platform
from local.story import acts, blueprints
from tests.kernel.conftest import keys, world

__all__ = ["keys", "world"]


@pytest.fixture
def platform(tmp_path):
    platform = Platform(tmp_path, port=free_port()).start()
    yield platform
    platform.stop()


def until(look, timeout_s=20.0, jump=None):
    end = time.monotonic() + timeout_s
    while not (found := look()):
        assert time.monotonic() < end, "it took too long"
        if not (jump and jump()):
            time.sleep(0.005)
    return found


def at_stage(client, agent_id, stage):
    def look():
        seen = acts.pipeline(client, agent_id)
        here = seen["stages"][stage - 1]["result"] == "running"
        return seen if seen["current_stage"] == stage and here else None

    return until(look)


def to_the_governor(client, parts, name):
    agent_id = acts.request_agent(client, parts, name)["agent"]["id"]
    seen = at_stage(client, agent_id, 2)
    acts.submit(client, seen, blueprints.blueprint(parts.job_role, parts.skills))
    for stage in acts.EVALUATORS:
        acts.judge_stage(client, at_stage(client, agent_id, stage))
    at_stage(client, agent_id, 6)
    return agent_id, until(lambda: acts.open_approval(client, agent_id))


def until_over(client, agent_id, platform):
    def over():
        return acts.pipeline(client, agent_id)["status"] in acts.OVER

    until(over, jump=platform.jump)
    return client.get(acts.AUTHOR, f"/v1/agents/{agent_id}")
