"""Call every operation at least once, with requests that do what the operation is for."""

import base64
from types import SimpleNamespace

from local.story import acts, blueprints, catalogue
from local.story.client import Client
from shared.approvals.models import ApprovalRequest
from shared.bus import envelope
from shared.canonical import digest
from shared.documents import Condition, Query
from shared.edge.entry import listener
from shared.edge.loading import load
from shared.edge.openapi import openapi
from shared.evidence import Entry
from shared.identity import PLATFORM
from tests.e2e.breakers import call_breakers
from tests.e2e.conftest import at_stage, to_the_governor, until, until_over
from tests.e2e.operators import call_operators
from tests.e2e.phone import call_phone
from tests.e2e.seeds import call_seeds
from tests.e2e.verbs import call_verbs

REASON = {"reason": "it is called once, to see that it works"}


def call_everything(platform):
    client = Client(platform.address)
    parts = acts.certify_parts(client, lambda _: None)
    agent_id = deploy(platform, client, parts)
    read_everything(client, agent_id)
    suspend_and_resume(client, platform, agent_id)
    end_otherwise(platform, client, parts)
    revise_and_reject(client, parts)
    replay(platform, client)
    call_seeds(client, platform)
    call_phone(client, platform, agent_id)
    call_verbs(client, platform, parts)
    call_operators(client, platform)
    call_breakers(client, platform)
    client.post("viewer", "/v1/auth/logout", {"all_devices": True})


def deploy(platform, client, parts):
    agent_id, approval = to_the_governor(client, parts, "Deployed")
    until(lambda: client.get("governor", "/v1/notifications", limit=100)["items"])
    acts.approve(client, approval)
    until_over(client, agent_id, platform)
    return agent_id


def read_everything(client, agent_id):
    agent = client.get("viewer", f"/v1/agents/{agent_id}")
    role = client.get("viewer", f"/v1/genesis/job-roles/{agent['job_role_id']}")
    approval = client.get("governor", f"/v1/approvals/{agent['approval_id']}")
    client.get("governor", f"/v1/approvals/{approval['id']}/audit")
    client.get("governor", "/v1/vetoes")
    client.get("viewer", f"/v1/genesis/skills/{agent['skills'][0]}")
    client.get("viewer", f"/v1/industries/{role['industry_id']}")
    client.get("viewer", f"/v1/workflows/{agent['workflow_id']}")
    client.get("viewer", f"/v1/agents/{agent_id}/releases/{agent['release_id']}")
    for path in ("activity", "health", "pipeline"):
        client.get("viewer", f"/v1/agents/{agent_id}/{path}")
    for path in (
        *("/v1/agents", "/v1/genesis/skills", "/v1/genesis/job-roles", "/v1/industries"),
        *("/v1/reference-agents", "/v1/genesis/schema/agent-spec", "/v1/me", "/v1/health"),
        "/.well-known/jwks.json",
    ):
        client.get("viewer", path)
    (notice, *_) = client.get("governor", "/v1/notifications")["items"]
    client.post("governor", f"/v1/notifications/{notice['id']}/read")
    for path in ("/v1/genesis/spec/validate", "/v1/reference-agents/{reference}/run"):
        operation = openapi()["paths"][path]["post"]
        body = operation["requestBody"]["content"]["application/json"]["example"]
        reference = client.get("viewer", "/v1/reference-agents")["items"][0]["id"]
        client.post(acts.AUTHOR, path.replace("{reference}", reference), body)


def request_for(agent, **changes):
    (example,) = ApprovalRequest.model_config["json_schema_extra"]["examples"]
    return example | {"agent_id": agent["id"], "window_min": 60} | changes


def suspend_and_resume(client, platform, agent_id):
    stop = {"trigger": "GOVERNOR-OVERRIDE", "reason": "a reader reported a wrong dose"}
    agent = client.post("governor", f"/v1/agents/{agent_id}/suspend", stop)
    kinds = ("root_cause_report", "remediation_report", "test_report", "genesis_clearance")
    subject = {
        "typ": "change/v1",
        "tenant_id": agent["tenant_id"],
        "entity": f"agents/{agent_id}",
        "change": "reactivation",
        "from_hash": agent["version_hash"],
        "to_hash": agent["manifest_hash"],
        "chain_version": 1,
    }
    asked = request_for(
        agent,
        gate="change",
        approval_class="agent.reactivate:HC:JOB-HC-001",
        subject_kind="change",
        subject=subject,
        evidence_refs=[{"kind": k, "ref": f"evidence/{k}", "sha256": "2" * 64} for k in kinds],
    )
    approval = client.post("service", "/v1/approvals", asked)
    assert approval["action_digest"] == digest(subject)
    client.sign_in("governor")
    acts.approve(client, approval)
    client.post("governor", f"/v1/agents/{agent_id}/resume", {"approval_id": approval["id"]})
    for verb, body in (
        ("reject", {"reason": "the evidence does not convince anybody"}),
        ("cancel", {"reason": "it is no longer needed by anybody"}),
    ):
        another = client.post("service", "/v1/approvals", request_for(agent))
        account = "governor" if verb == "reject" else "service"
        client.post(account, f"/v1/approvals/{another['id']}/{verb}", body)
    until(platform.idle)


def end_otherwise(platform, client, parts):
    """Every other way a pipeline can go."""
    returned, approval = to_the_governor(client, parts, "Returned")
    client.sign_in("governor")
    path = f"/v1/approvals/{approval['id']}/request-changes"
    client.post("governor", path, {"changes": ["say for whom it writes"]})
    until(lambda: acts.pipeline(client, returned)["stages"][1]["attempt"] == 2)
    seen = at_stage(client, returned, 2)
    acts.submit(client, seen, blueprints.uncertifiable(parts.job_role, parts.skills))
    until(lambda: acts.pipeline(client, returned)["stages"][1]["attempt"] == 3)

    vetoed, approval = to_the_governor(client, parts, "Vetoed")
    body = {"category": "safety", "explanation": "it could be taken for a diagnosis"}
    client.post("governor", "/v1/vetoes", body | {"approval_id": approval["id"]})
    until_over(client, vetoed, platform)

    changed, _ = to_the_governor(client, parts, "Changed")
    client.post("governor", f"/v1/agents/{changed}/request-changes", {"changes": ["say for whom"]})
    until(platform.idle)

    expired, _ = to_the_governor(client, parts, "Expired")
    until_over(client, expired, platform)

    failing, approval = to_the_governor(client, parts, "Failing")
    platform.failing.add(failing)
    client.sign_in("governor")
    acts.approve(client, approval)
    until_over(client, failing, platform)

    begun = acts.request_agent(client, parts, "Cancelled")
    at_stage(client, begun["agent"]["id"], 2)
    client.post(acts.AUTHOR, f"/v1/workflows/{begun['workflow_id']}/cancel", REASON)
    begun = acts.request_agent(client, parts, "Broken")
    at_stage(client, begun["agent"]["id"], 2)
    client.post("service", f"/v1/workflows/{begun['workflow_id']}/fail", REASON)
    until(platform.idle)


def revise_and_reject(client, parts):
    role = catalogue.healthcare_content_writer(
        parts.job_role["industry_id"], [skill["id"] for skill in parts.skills]
    )
    for kind, body in (
        ("industries", catalogue.marketing()),
        ("skills", catalogue.SKILLS[0]() | {"name": "Another", "skill_key": "another"}),
        ("job-roles", role | {"name": "Another"}),
    ):
        made = client.post(acts.AUTHOR, f"/v1/genesis/{kind}", body)
        path = f"/v1/genesis/{kind}/{made['id']}"
        rejected = client.post("genesis", f"{path}/reject", REASON)
        again = body | {"description": body["description"] + " Revised."}
        client.put(acts.AUTHOR, path, again, rejected["version_hash"])


def replay(platform, client):
    """Give up a true event as Pub/Sub does, and send it again: its consumer has done it already."""
    (found,) = platform.documents.find(
        PLATFORM, Query(Entry.collection, (Condition("action", "==", "agent.created"),), limit=1)
    )
    told = envelope(Entry.from_stored(found.data), environment="local")
    said = {
        "CloudPubSubDeadLetterSourceSubscription": "waooaw-local-agent-events--mobile.follow_agent",
        "CloudPubSubDeadLetterSourceDeliveryCount": "5",
    }
    message = {
        "data": base64.b64encode(told.data).decode(),
        "attributes": told.attributes | said,
        "orderingKey": told.subject,
    }
    given_up = {
        "subscription": "projects/local/subscriptions/waooaw-local-dead-letters--kept",
        "message": message,
    }
    keep = listener(load("events.keep_dead_letter"), lambda: platform.ports)
    keep(SimpleNamespace(data=given_up))
    keep(SimpleNamespace(data=given_up))
    (letter,) = client.get("admin", "/v1/events/dead-letters")["items"]
    assert (letter["consumer"], letter["topic"], letter["attempts"]) == (
        "mobile.follow_agent",
        "agent-events",
        5,
    )
    path = f"/v1/events/dead-letters/{letter['id']}/replay"
    client.post("admin", path, {"reason": "the consumer is repaired"})
    until(platform.idle)
