"""Ask how acts are decided, and freeze everything for a moment."""

from datetime import timedelta

import pytest

from local.story.client import Refused
from shared.actors import PLATFORM
from shared.documents import Key, Write
from shared.policy.models.outages import OutageSeen
from tests.rehearsals import bundles, policies
from tests.rehearsals.scene import until

REASON = "It is called once, to see that it works."


def rehearse(scene):
    client = scene.client
    routes = client.get("customer_user@acme", "/v1/policy/sandbox-routes")["items"]
    assert {one["target"] for one in routes} >= {"others", "stripe"}
    judge_a_plan(client)
    decide_for_others(client)
    end_a_use(client)
    freeze(client)
    policies.rehearse(scene)
    bundles.rehearse(scene)
    ask_why(client)
    tell_of_an_outage(scene)


def freeze(client):
    client.sign_in("governor")
    for on in (True, False):
        said = client.send(
            "governor", "PUT", "/v1/policy/freeze", json={"on": on, "reason": REASON}
        )
        assert said["on"] == on
        assert client.get("viewer", "/v1/health")["enforcement"]["frozen"] == on


def judge_a_plan(client):
    rule = {"kind": "never_after", "id": "r", "act": {"name": "pay"}, "after": {"name": "read"}}
    parts = [{"id": name, "name": name} for name in ("read", "pay")]
    asked = {"rules": [rule], "parts": parts, "plan": ["read", "pay"]}
    judged = client.post("customer_user@acme", "/v1/policies/plans/judge", asked)
    assert [one["step"] for one in judged["found"]] == ["pay"]


def decide_for_others(client):
    """Have it decided what an agent is about to do, and be refused a tool that nothing certifies."""
    agent = client.get("admin", "/v1/agents")["items"][0]["id"]
    approval = "acme.66666666-6666-4666-8666-666666666666"
    acting = {"agent_id": agent, "approval_id": approval, "args_hash": "6" * 64}
    begin = {"name": "execution.begin", "operation": "execute", "external": False}
    asked = {"pep": "agent_runtime", "action": begin, **acting}
    said = client.post("service", "/v1/policy/evaluate", asked, tenant="acme")
    shown = client.get("customer_user@acme", f"/v1/policy/attestations/acme.{said['decision_id']}")
    assert shown["decision"]["verdict"] == said["verdict"]
    tool = {"action": "publish", "tool": "wordpress.create_post", "purpose": "content", **acting}
    with pytest.raises(Refused) as refused:
        client.post("service", "/v1/enforce/tool-use", tool, tenant="acme")
    denied = refused.value.problem["decision_id"]

    def listed():
        found = client.get("customer_user@acme", "/v1/policy-denials")["items"]
        return [one for one in found if one["decision_id"] == f"acme.{denied}"]

    (line,) = until(listed)
    assert line["action"] == "integration.publish"


def end_a_use(client):
    """Have an agent in service be let use a tool, and say that it did."""
    agent = client.get("admin", "/v1/agents?status=deployed")["items"][0]["id"]
    path = f"/v1/enforce/tool-use/{allowed(client, agent)}/outcome"
    ended = client.post("service", path, {"ended": "done"}, tenant="acme")
    assert ended["ended"] == "done"


def allowed(client, agent_id):
    """Return the decision by which an agent in service may use a tool."""
    begin = {"name": "execution.begin", "operation": "execute", "external": False}
    asked = {
        "pep": "agent_runtime",
        "agent_id": agent_id,
        "action": begin | {"tool": "crm.look_up"},
    }
    said = client.post("service", "/v1/policy/evaluate", asked, tenant="acme")
    assert said["verdict"] == "allow", said["reasons"]
    return said["decision_id"]


def tell_of_an_outage(scene):
    """Have a process have seen that nothing could change, and be told of it."""
    now = scene.now()
    seen = OutageSeen(
        id="00000000-0000-4000-8000-00000000000f",
        rule="key_missing",
        says="the file of the writer key is gone; restore it",
        began_at=now - timedelta(seconds=20),
        seen_at=now,
        ended_at=now,
    )
    place = Key(PLATFORM, OutageSeen.collection, seen.id)
    scene.platform.documents.commit([Write(place, seen.to_stored())])

    def told():
        notices = scene.client.get("infrastructure_engineer", "/v1/notifications")["items"]
        return any(one["title"] == "Nothing could change for 20 s" for one in notices)

    scene.pass_by(now + timedelta(minutes=2))
    until(told)


def ask_why(client):
    """Have somebody denied, and ask why as they would."""
    with pytest.raises(Refused) as refused:
        client.post("viewer", "/v1/agents")
    denied = refused.value.problem["decision_id"]
    shown = client.get("viewer", f"/v1/policy/attestations/{denied}")
    assert shown["enforcement_result"] == "denied"

    def listed():
        found = client.get("admin", "/v1/policy-denials")["items"]
        return [one for one in found if one["decision_id"] == denied]

    (line,) = until(listed)
    assert line["action"] == "agents.create_agent"
    return denied
