"""Write a policy of a tenant, try it, put it in force, and retire it."""

from local.story import acts
from shared.policy.models.policies import EXAMPLE
from tests.rehearsals.scene import until

OWNER = "customer_admin@acme"


def rehearse(scene):
    client = scene.client
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
    assert client.get(OWNER, "/v1/policies/violations")["complete"]
    assert client.get(OWNER, "/v1/policies/drift")["complete"]


def in_force(client, asked, owner=OWNER):
    """Let the Governor agree that a policy comes into force, and wait until it is."""
    question = client.get("governor", f"/v1/approvals/{asked['asking']['approval_id']}")
    acts.approve(client, question)
    address = f"/v1/policies/{asked['id']}"
    until(lambda: client.get(owner, address)["status"] == "active")
