"""Read budgets, lower one, and ask for more of another."""

AGENTS = "/v1/budgets/agent:acme.44444444-4444-4444-8444-444444444444"


def rehearse(scene):
    client = scene.client
    lowered = {"limit_micro_usd": 500_000, "reason": "It needs no more than that."}
    client.put("customer_admin@acme", AGENTS, lowered, "")
    raised = lowered | {"limit_micro_usd": 900_000}
    seen = client.get("customer_user@acme", AGENTS)
    client.put("customer_admin@acme", AGENTS, raised, seen["version_hash"])
    assert client.get("admin", AGENTS)["raising"]["asked_by"] == "customer_admin.acme"
