"""Call what is done with an approval besides deciding it, and see what time does."""

from local.story import acts
from shared.approvals.models import ApprovalRequest
from tests.e2e.conftest import to_the_governor, until, until_over


def call_verbs(client, platform, parts):
    veto_a_release(client, platform, parts)
    hand_on(client)
    rest_and_expire(client, platform)
    confirm(client, platform, parts)


def ask(client):
    (example,) = ApprovalRequest.model_config["json_schema_extra"]["examples"]
    more = {"gate": "step", "window_min": 60, "agent_id": None}
    return client.post("service", "/v1/approvals", example | more)


def deployed(client, platform, parts, name):
    agent_id, approval = to_the_governor(client, parts, name)
    client.sign_in("governor")
    acts.approve(client, approval)
    return until_over(client, agent_id, platform)


def veto_a_release(client, platform, parts):
    agent = deployed(client, platform, parts, "Undone")
    client.sign_in("governor")
    body = {"category": "safety", "explanation": "it could be taken for a diagnosis"}
    veto = client.post("governor", "/v1/vetoes", body | {"run_id": agent["release_id"]})
    assert veto["effect"] == "rolled_back"

    def rejected():
        return client.get("viewer", f"/v1/agents/{agent['id']}")["status"] == "rejected"

    until(rejected)
    until(platform.idle)


def hand_on(client):
    asked = ask(client)
    client.sign_in("governor")
    handover = {"to": "deputy_governor.platform", "reason": "I am on a train until noon."}
    client.post("governor", f"/v1/approvals/{asked['id']}/delegate", handover)
    client.sign_in("deputy_governor")
    agreed = {"expected_digest": asked["action_digest"]}
    decided = client.post("deputy_governor", f"/v1/approvals/{asked['id']}/approve", agreed)
    assert decided["decided_via"] == "deputy"


def rest_and_expire(client, platform):
    path = f"/v1/approvals/{ask(client)['id']}"
    client.sign_in("governor")
    client.post("governor", f"{path}/defer", {"missing_evidence": ["A report of a test"]})
    until(lambda: client.get("governor", path)["status"] == "expired", jump=platform.jump)
    seen = client.get("governor", path)
    assert [one["trigger"] for one in seen["escalations"]] == ["50", "80"]
    path = f"/v1/approvals/{ask(client)['id']}"
    client.sign_in("governor")
    client.post("governor", f"{path}/escalate", {"reason": "It cannot wait until tonight."})


def confirm(client, platform, parts):
    agent = deployed(client, platform, parts, "Confirmed")
    path = f"/v1/approvals/{agent['approval_id']}"
    until(lambda: client.get("governor", path)["confirmed_at"], jump=platform.jump)
