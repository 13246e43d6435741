"""Spend from budgets as services do, set them as their owners do, and agree to payments."""

from datetime import timedelta

from shared.budgets.models.mandates import NewMandate
from shared.entity import written
from tests.rehearsals.scene import until

UUID = "44444444-4444-4444-8444-444444444444"
AGENT = f"acme.{UUID}"
AGENTS = f"/v1/budgets/agent:{AGENT}"
USAGE = "/v1/usage-events"


def rehearse(scene):
    set_a_budget(scene.client)
    spend(scene)
    wait_for_people(scene)
    lose_an_answer(scene)
    forget_what_is_held(scene)
    agree_to_payments(scene)


def set_a_budget(client):
    """Lower one at once, and have another raised by the Governor."""
    less = {"limit_micro_usd": 900_000, "reason": "It needs no more than that."}
    client.put("customer_admin@acme", AGENTS, less, "")
    own = f"/v1/budgets/agent:{UUID}"
    more = less | {"limit_micro_usd": 2_000_000}
    raising = client.put("admin", own, more, "")["raising"]
    assert (raising["asked_by"], raising["governor_scope"]) == ("admin.platform", "platform")
    path = f"/v1/approvals/{raising['approval_id']}"
    client.sign_in("governor")
    agreed = {"expected_digest": client.get("governor", path)["action_digest"]}
    client.post("governor", f"{path}/approve", agreed)
    until(lambda: client.get("admin", own)["limit_micro_usd"] == 2_000_000)


def report(client, event_type, id=None, cost=0, **more):
    said = {"event_type": event_type, "agent_id": AGENT, "cost_micro_usd": cost}
    named = {"reservation_id": id} if id else {}
    return client.post("service", USAGE, said | named | more, tenant="acme")


def spend(scene):
    """Hold something, once a part of the platform's budget is there, and settle it."""
    client = scene.client

    def held():
        return report(client, "budget_precheck", "run.1", 100_000)["outcome"] == "held"

    until(held)
    report(client, "integration_call", "run.1", 60_000, action="post")
    assert client.get("customer_user@acme", AGENTS)["spent_micro_usd"] == 60_000
    assert len(client.get("customer_user@acme", USAGE)["items"]) == 1

    def counted():
        return client.get("customer_user@acme", USAGE, bucket="day")["totals"]

    assert until(counted)[0]["cost_micro_usd"] == 60_000
    for query in ({"agent_id": AGENT}, {"event_type": "model_call"}):
        client.get("customer_user@acme", USAGE, **query)
        client.get("customer_user@acme", USAGE, bucket="month", **query)


def wait_for_people(scene):
    """Use most of a budget, and be asked whether new work begins."""
    client = scene.client
    until(lambda: report(client, "budget_precheck", "run.2", 740_000)["outcome"] == "held")
    asked = until(lambda: client.get("admin", AGENTS)["going_on_id"])
    assert client.get("governor", f"/v1/approvals/{asked}")["type"] == "financial"


def lose_an_answer(scene):
    """Let nobody know what became of something, so that it counts as spent."""
    client = scene.client
    until(
        lambda: report(client, "budget_precheck", "run.3", 1_000, begins=False)["outcome"] == "held"
    )
    before = client.get("admin", AGENTS)["spent_micro_usd"]
    lost = report(client, "integration_call", "run.3", outcome_unknown=True)
    assert lost["outcome"] == "unknown"
    scene.rest()
    assert before == 60_000


def forget_what_is_held(scene):
    """Let what nobody settled go back: to the agent's budget, and in the end to the platform's."""
    client = scene.client

    def back():
        seen = [client.get("admin", AGENTS), client.get("admin", "/v1/budgets/platform")]
        return not any(one["reserved_micro_usd"] for one in seen)

    until(back, timeout_s=60, jump=scene.platform.jump)


def agree_to_payments(scene):
    client = scene.client
    (example,) = NewMandate.model_config["json_schema_extra"]["examples"]
    said = example | {"agent_id": AGENT, "valid_until": written(scene.now() + timedelta(days=7))}
    made = client.post("customer_admin@acme", "/v1/mandates", said)
    path = f"/v1/mandates/{made['id']}"
    assert client.get("customer_user@acme", path)["reserved_minor"] == 0
    reason = {"reason": "We buy elsewhere from now on."}
    client.post("customer_admin@acme", f"{path}/revoke", reason)
    assert client.get("customer_user@acme", path)["status"] == "revoked"
