"""A rule that the Governor wrote lets a further agent into service, and the Governor can still object."""

import pytest

from local.story import acts, blueprints, seeds
from local.story.client import Client
from tests.e2e.conftest import platform
from tests.rehearsals.scene import at_stage, to_the_governor, until, until_over

pytestmark = pytest.mark.slow

__all__ = ["platform"]


def test_an_agent_is_deployed_by_precedent_and_taken_back_by_veto(platform):
    client = Client(platform.address, platform.secret)
    parts = acts.certify_parts(client, lambda _: None)
    first, approval = to_the_governor(client, parts, "First")
    client.sign_in("governor")
    acts.approve(client, approval)
    until_over(client, first, platform)
    until(platform.idle)

    seed = seeds.governor_writes_seed(client)
    other = seeds.another_job_role(client, parts)
    second = acts.request_agent(client, other, "Second")["agent"]["id"]
    acts.submit(
        client, at_stage(client, second, 2), blueprints.blueprint(other.job_role, other.skills)
    )
    for stage in acts.EVALUATORS:
        acts.judge_stage(client, at_stage(client, second, stage))
    granted = until(lambda: seeds.granted(client, second))
    assert granted["seed_id"] == seed["seed_id"]
    assert granted["decisions"] == []
    assert until_over(client, second, platform)["status"] == "deployed"

    seeds.veto(client, granted)
    until(lambda: client.get("governor", f"/v1/agents/{second}")["status"] == "rejected")
    until(platform.idle)
    shown = client.get("governor", f"/v1/precedent-seeds/{seed['id']}")["effectiveness"]
    assert (shown["matches"], shown["objections"]) == (1, 1)
    assert client.get("governor", f"/v1/agents/{first}")["status"] == "deployed"
    assert client.get("admin", "/v1/events/dead-letters")["items"] == []
