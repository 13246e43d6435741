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
    roles_of_staff(scene)


def roles_of_staff(scene):
    """Somebody asks for a role twice, is given it once and nobody answers the other."""
    client = scene.client
    why = {"reason": "They answer customers from this week on."}
    who = "subscription_manager"
    client.get(who, "/v1/me")
    asked = client.post(who, "/v1/role-requests", {"role": "viewer", **why})
    path = f"/v1/role-requests/{asked['id']}"
    client.get(who, path)
    client.sign_in("admin")
    client.get("admin", "/v1/role-requests?status=open")
    client.post("admin", f"{path}/decide", {"grant": True, **why})
    client.post("viewer", "/v1/role-requests", {"role": "industry_manager", **why})
    theirs = f"/v1/admin/users/{who}.platform/roles"
    client.send("admin", "PUT", theirs, json={"roles": [who], **why})
