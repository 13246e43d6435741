"""Ask how acts are decided."""


def rehearse(scene):
    routes = scene.client.get("customer_user@acme", "/v1/policy/sandbox-routes")["items"]
    assert {one["target"] for one in routes} >= {"others", "stripe"}
