"""Write a policy of a tenant, try it, put it in force, and retire it."""

from datetime import timedelta

import pytest

from local.story import acts
from local.story.client import Refused
from shared.actors import PLATFORM
from shared.job import begin
from shared.policy.events.drift import DriftDetected
from shared.policy.models.drift import PolicyDrift
from shared.policy.models.drift_watch import DriftWatch
from shared.policy.models.policies import EXAMPLE
from shared.policy.rules import drift as drift_rules
from tests.rehearsals.scene import until

OWNER = "customer_admin@acme"
WATCHER = "customer_admin@globex"
"""Does nothing else here, so that what differs from the hour before is what is done for it."""

WATCHED = """policy watched version 1.0.0 {
  applies to action.name == "budgets.put_budget"
  rule base when true allow alert high "a budget is set" note "as usual"
  rule much when args.limit_micro_usd > 5000000 deny "ask for less than five dollars" severity high
  test "no more than five dollars" {
    given {"action": {"name": "budgets.put_budget"}, "args": {"limit_micro_usd": 6000000}}
    expect deny by much
  }
}"""
BUDGET = "/v1/budgets/agent:globex.55555555-5555-4555-8555-555555555555"


def rehearse(scene):
    client = scene.client
    be_alerted(client)
    drift(scene)
    assert client.get(WATCHER, "/v1/policies/violations")["complete"]
    assert client.get(WATCHER, "/v1/policies/drift")["complete"]
    policy = client.post(OWNER, "/v1/policies", {"source": EXAMPLE})
    address = f"/v1/policies/{policy['id']}"
    assert client.post(OWNER, f"{address}/test", {"cases": []})["is_passing"]
    data = {"action": {"tool": "mailchimp.send_campaign"}, "context": {"hour": 23}}
    assert client.post(OWNER, f"{address}/evaluate", {"data": data})["verdict"] == "deny"
    assert client.post(OWNER, f"{address}/what-if", {"limit": 100})["changed"] == 0
    in_force(client, client.post(OWNER, f"{address}/activate"))
    # Asked beside a policy that is in force.
    assert client.get(OWNER, "/v1/policies", status="active")["items"][0]["id"] == policy["id"]
    client.post(OWNER, f"{address}/retire")


def be_alerted(client):
    """Have a policy tell whoever governs of what is done."""
    policy = client.post(WATCHER, "/v1/policies", {"source": WATCHED})
    in_force(client, client.post(WATCHER, f"/v1/policies/{policy['id']}/activate"), WATCHER)
    less = {"limit_micro_usd": 800_000, "reason": "It needs no more than that."}
    client.put(WATCHER, BUDGET, less, "")

    def told():
        notices = client.get(WATCHER, "/v1/notifications")["items"]
        return {"watched: high alert", "watched: note"} <= {one["title"] for one in notices}

    until(told)


def drift(scene):
    """Ask for too much again and again, and have it be told as a difference."""
    client, begun = scene.client, scene.now()
    more = {"limit_micro_usd": 6_000_000, "reason": "It needs more than that."}
    for _ in range(5):
        with pytest.raises(Refused, match="five dollars"):
            client.put(WATCHER, BUDGET, more, "")
    call = scene.call()
    with call.transaction() as txn:
        begin(txn, call, DriftWatch(until=begun + timedelta(minutes=5)))

    def told():
        notices = client.get(WATCHER, "/v1/notifications")["items"]
        return any(one["title"] == "Policies: policy bypass" for one in notices)

    until(told)
    assert client.get(WATCHER, "/v1/policies/drift")["alerts"]
    said = client.post("admin", f"/v1/policies/drift/{differ(scene)}/acknowledge")
    assert said["status"] == "acknowledged"


def differ(scene):
    """Have a difference been found in the platform's own tenant, and return its id."""
    found = PolicyDrift(
        drift_type="coverage_gap",
        severity="low",
        policy="newsletters",
        metric="hit_rate:newsletters/night",
        current_bp=0,
        expected_bp=1_600,
        drift_bp=1_600,
        bucket_start=scene.now(),
        suggestions=("Look whether it is done in another way.",),
    )
    call = scene.call()
    with call.transaction() as txn:
        alert = drift_rules.alert(found, tenant=PLATFORM, until=call.now, at=call.now)
        return txn.create(alert, DriftDetected.of(alert)).id


def in_force(client, asked, owner=OWNER):
    """Let the Governor agree that a policy comes into force, and wait until it is."""
    question = client.get("governor", f"/v1/approvals/{asked['asking']['approval_id']}")
    acts.approve(client, question)
    address = f"/v1/policies/{asked['id']}"
    until(lambda: client.get(owner, address)["status"] == "active")
