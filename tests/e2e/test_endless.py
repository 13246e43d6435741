"""A rule that does not end stops nobody else: they get answers, and people go back to other rules, without a restart."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from local.story.client import Client
from tests.rehearsals.bundles import ADDRESS, agree, asked, edition, in_force
from tests.rehearsals.scene import until

pytestmark = pytest.mark.slow

AGENT = "11111111-1111-4111-8111-111111111111"
BURNS = "prompt.burn"
NUMBERS = ", ".join(map(str, range(2_000)))
ENDLESS = f"""
numbers := [{NUMBERS}]

well_formed if {{
	input.action.name == "{BURNS}"
	some a in numbers
	some b in numbers
	some c in numbers
	a + b + c == -1
}}
"""
"""As much as nobody waits for, and only where that act is asked about: no judge of a publication comes by there."""


@pytest.fixture
def client(platform):
    return Client(platform.address, platform.secret)


def reasons(client, name):
    """Return why an act of an agent that nobody knows is denied, by who denies it."""
    act = {"name": name, "operation": "execute", "external": False}
    said = {"pep": "agent_runtime", "agent_id": AGENT, "action": act}
    found = client.post("service", "/v1/policy/evaluate", said, tenant="acme")
    return {one["policy"]: (one["rule"], one["message"]) for one in found["reasons"]}


def freeze(client):
    for on in (True, False):
        body = {"on": on, "reason": "Something is looked into that does not end."}
        client.send("governor", "PUT", "/v1/policy/freeze", json=body)


def test_a_rule_that_does_not_end_stops_nobody_else_and_is_gone_back_from(client, platform):
    (release,) = client.get("governor", ADDRESS, status="active")["items"]
    before = reasons(client, "prompt.ask")
    edited = client.post("admin", ADDRESS, {**edition("ai_safety", ENDLESS), "activate": True})
    # What somebody asked about is a sample of it, and nothing that was denied would be weaker.
    agree(client, until(lambda: asked(client, "ai_safety"), timeout_s=120), known=True)
    until(lambda: in_force(client) == edited["id"], timeout_s=120)
    assert reasons(client, "prompt.ask") == before

    with ThreadPoolExecutor(1) as beside:
        burning = beside.submit(reasons, Client(platform.address, platform.secret), BURNS)
        client.sign_in("governor")
        freeze(client)
        rule, message = burning.result()["ai_safety"]
    assert rule == "PDP_ERROR"
    assert "did not end" in message
    after = reasons(client, "prompt.ask")
    assert after["ai_safety"] == (rule, message)
    assert after["data_access"] == before["data_access"]
    platform.clock.jump(platform.clock.now() + timedelta(seconds=31))
    health = client.get("viewer", "/v1/health")["enforcement"]
    assert (health["level"], health["rule"]) == ("degraded", "endless")

    client.post("admin", ADDRESS, {"rollback_to": release["id"], "activate": True})
    agree(client, until(lambda: asked(client, "release"), timeout_s=120))
    until(lambda: in_force(client) == release["id"], timeout_s=120)
    assert reasons(client, "prompt.ask") == before
