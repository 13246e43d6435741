"""Publish a policy bundle, have somebody agree to it, and go back to what the release brought."""

from local.story import acts
from shared.edge.bundles import ROOT
from tests.rehearsals.scene import until

ADDRESS = "/v1/policy/bundles"


def rehearse(scene):
    client = scene.client
    (release,) = client.get("governor", ADDRESS, status="active")["items"]
    edited = client.post("admin", ADDRESS, {**edition(), "activate": True})

    approval = until(lambda: asked(client, "trial"))
    client.get("vision_guardian", f"{ADDRESS}/{edited['id']}/changes")
    agree(client, approval)
    until(lambda: in_force(client) == edited["id"])
    client.post("admin", ADDRESS, {"rollback_to": release["id"], "activate": True})
    agree(client, until(lambda: asked(client, "release")))
    until(lambda: in_force(client) == release["id"])


def asked(client, name):
    """Return the approval that a set waits for."""
    (one,) = client.get("governor", ADDRESS, name=name)["items"]
    return one["asking"] and one["asking"]["approval_id"]


def agree(client, approval_id, *, known=False):
    """
    Have people agree: the Governor, and somebody more where nothing is known of what is changed.

    Nobody is on trial here, so nothing is known of what the rules of trials change.
    """
    question = client.get("governor", f"/v1/approvals/{approval_id}")
    assert question["type"] == ("execution" if known else "constitutional")
    client.sign_in("governor")
    acts.approve(client, question)
    if known:
        return
    body = {"comment": "It says nothing else.", "expected_digest": question["action_digest"]}
    client.post("vision_guardian", f"/v1/approvals/{approval_id}/approve", body)


def edition(name="trial", more="# Rehearsed.\n"):
    """Return a bundle with a line more, which says nothing."""
    path = f"{name}/{name}.rego"
    tests = (f"{name}/{name}_test.rego", "shape/asking_test.rego")
    return {
        "name": name,
        "version": "1.0.1",
        "modules": {path: (ROOT / path).read_text() + more},
        "tests": {path: (ROOT / path).read_text() for path in tests},
    }


def in_force(client):
    (one,) = client.get("governor", ADDRESS, status="active")["items"]
    return one["id"]
