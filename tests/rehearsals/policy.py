"""Ask how acts are decided, and freeze everything for a moment."""

from tests.rehearsals import policies

REASON = "It is called once, to see that it works."


def rehearse(scene):
    client = scene.client
    routes = client.get("customer_user@acme", "/v1/policy/sandbox-routes")["items"]
    assert {one["target"] for one in routes} >= {"others", "stripe"}
    judge_a_plan(client)
    freeze(client)
    policies.rehearse(scene)


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
