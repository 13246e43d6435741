"""Ask how acts are decided, and freeze everything for a moment."""

REASON = "It is called once, to see that it works."


def rehearse(scene):
    client = scene.client
    routes = client.get("customer_user@acme", "/v1/policy/sandbox-routes")["items"]
    assert {one["target"] for one in routes} >= {"others", "stripe"}
    freeze(client)


def freeze(client):
    client.sign_in("governor")
    for on in (True, False):
        said = client.send(
            "governor", "PUT", "/v1/policy/freeze", json={"on": on, "reason": REASON}
        )
        assert said["on"] == on
        assert client.get("viewer", "/v1/health")["enforcement"]["frozen"] == on
