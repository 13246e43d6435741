"""Look at the industries."""


def rehearse(scene):
    (industry, *_) = scene.client.get("viewer", "/v1/industries")["items"]
    scene.client.get("viewer", f"/v1/industries/{industry['id']}")
