"""Ask who one is, say how one wants to be told, sign out, and be kept out."""

SOMEBODY = "customer_user@acme"
"""Does nothing else here, so that nobody misses the sign-in."""

REASON = "The phone was stolen this morning."


def rehearse(scene):
    get, path = scene.client.get, "/v1/me/notification-preferences"
    get(SOMEBODY, "/.well-known/jwks.json")
    get(SOMEBODY, "/v1/me")
    quiet = {"quiet_hours": {"start": "22:00", "end": "06:00"}}
    scene.client.put(SOMEBODY, path, quiet, get(SOMEBODY, path)["version_hash"])
    scene.client.post(SOMEBODY, "/v1/auth/logout", {"all_devices": True})
    scene.client.sign_in("customer_admin@acme")
    theirs, role = "/v1/admin/users/customer_user.acme", {"role": "customer_user", "reason": REASON}
    for what, body in (
        ("sessions/end", {"reason": REASON}),
        ("roles/withdraw", role),
        ("roles/restore", role),
    ):
        scene.client.post("customer_admin@acme", f"{theirs}/{what}", body)
