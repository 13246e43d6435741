"""Ask who one is, say how one wants to be told, and sign out."""

SOMEBODY = "customer_user@acme"
"""Does nothing else here, so that nobody misses the sign-in."""


def rehearse(scene):
    get, path = scene.client.get, "/v1/me/notification-preferences"
    get(SOMEBODY, "/.well-known/jwks.json")
    get(SOMEBODY, "/v1/me")
    quiet = {"quiet_hours": {"start": "22:00", "end": "06:00"}}
    scene.client.put(SOMEBODY, path, quiet, get(SOMEBODY, path)["version_hash"])
    scene.client.post(SOMEBODY, "/v1/auth/logout", {"all_devices": True})
