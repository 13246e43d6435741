"""Do with approvals whatever can be done with one, and see what time does."""

from local.story import acts
from shared.approvals.events.questions import RefusalCarriedFurther
from shared.approvals.models.approvals import Approval
from tests.rehearsals.scene import to_the_governor, until

STREAM = "/v1/approvals/stream"
STEP = {"gate": "step", "window_min": 60, "agent_id": None}


def rehearse(scene):
    look(scene)
    turn_down(scene)
    object_elsewhere(scene)
    hand_on(scene)
    rest_and_expire(scene)
    confirm(scene)
    strand(scene)
    report(scene)


def look(scene):
    path = f"/v1/approvals/{scene.agent()['approval_id']}"
    for one in (path, f"{path}/audit", "/v1/vetoes"):
        scene.client.get("governor", one)


def turn_down(scene):
    for account, verb, reason in (
        ("governor", "reject", "the evidence does not convince anybody"),
        ("service", "cancel", "it is no longer needed by anybody"),
    ):
        begun = scene.listen("governor", STREAM)
        asked = scene.ask(**STEP)
        scene.client.post(account, f"/v1/approvals/{asked['id']}/{verb}", {"reason": reason})
        told = scene.listen("governor", STREAM, begun.last).of("approval")
        assert asked["id"] in {one["id"] for one in told}
        if verb == "reject":
            carry_further(scene, asked["id"])
    scene.rest()
    client = scene.client
    asked = scene.ask(**STEP)
    path = f"/v1/approvals/{asked['id']}"
    client.get("admin", "/v1/me")
    scene.ask(**STEP | {"subject": asked["subject"], "on_behalf_of": "admin.platform"})
    client.post("admin", f"{path}/cancel", {"reason": "it is no longer needed by me"})
    client.post("governor", f"{path}/request-changes", {"changes": ["Add a test."]})
    asked = scene.ask(**STEP, supersedes=asked["id"])
    path = f"/v1/approvals/{asked['id']}"
    client.post("governor", f"{path}/reject", {"reason": "the evidence does not convince anybody"})
    client.post("governor", f"{path}/withdraw-refusal", {"reason": "it was mended meanwhile"})
    scene.rest()


def object_elsewhere(scene):
    """Veto what a customer asked the platform's Governor, who has the notice in their own inbox."""
    client = scene.client
    asked = scene.ask(tenant="acme", **STEP)

    def told():
        items = client.get("governor", "/v1/notifications")["items"]
        return [one for one in items if one["subject"] == f"approvals/{asked['id']}"]

    until(told)
    client.sign_in("governor")
    said = {"category": "safety", "explanation": "It was never tried on anybody."}
    veto = client.post("governor", f"/v1/approvals/{asked['id']}/veto", said)
    assert veto["approval_id"] == asked["id"]
    until(lambda: all(one["over"] for one in told()))


def carry_further(scene, id):
    """Go on as where a no stands against more than one commit can close."""
    call = scene.call()
    with call.transaction() as txn:
        txn.schedule(RefusalCarriedFurther(), at=call.now, about=txn.get(Approval, id))
    most, platform = scene.platform.meter.most, scene.platform
    until(lambda: "approvals.carry_refusal_further" in most, jump=platform.jump)


def hand_on(scene):
    client, asked = scene.client, scene.ask(**STEP)
    client.sign_in("governor")
    (card,) = client.get("governor", "/v1/mobile/approvals")["items"]
    assert (card["approval_id"], card["alike"]) == (asked["id"], 1)
    handover = {"to": "deputy_governor.platform", "reason": "I am on a train until noon."}
    client.post("governor", f"/v1/approvals/{asked['id']}/delegate", handover)
    client.sign_in("deputy_governor")
    client.get("deputy_governor", f"/v1/approvals/{asked['id']}")
    agreed = {"expected_digest": asked["action_digest"]}
    decided = client.post("deputy_governor", f"/v1/approvals/{asked['id']}/approve", agreed)
    assert decided["decided_via"] == "deputy"


def rest_and_expire(scene):
    client, path = scene.client, f"/v1/approvals/{scene.ask(**STEP)['id']}"
    client.sign_in("governor")
    client.post("governor", f"{path}/defer", {"missing_evidence": ["A report of a test"]})
    report = {"kind": "test_report", "ref": "reports/rollback", "sha256": "9" * 64}
    client.post("service", f"{path}/evidence", {"evidence_refs": [report]})
    scene.rest()
    jump = scene.platform.jump
    until(lambda: client.get("governor", path)["status"] == "expired", jump=jump)
    seen = client.get("governor", path)
    assert [one["trigger"] for one in seen["escalations"]] == ["50", "80"]
    path = f"/v1/approvals/{scene.ask(**STEP)['id']}"
    client.sign_in("governor")
    client.post("governor", f"{path}/escalate", {"reason": "It cannot wait until tonight."})


def confirm(scene):
    """Let the time pass in which what was granted could have been vetoed."""
    path = f"/v1/approvals/{scene.deployed('Confirmed')['approval_id']}"
    confirmed = lambda: scene.client.get("governor", path)["confirmed_at"]  # noqa: E731
    until(confirmed, jump=scene.platform.jump)


def strand(scene):
    """Ask on while what waited for it is gone; and begin nothing of what was approved."""
    client, platform = scene.client, scene.platform
    agent_id, approval = to_the_governor(client, scene.parts, "Stranded")
    for execution in platform.runtime.views.executions("agent_creation", 100, "")["executions"]:
        if execution["state"] == "ACTIVE":
            platform.runtime.cancel(execution["name"].rpartition("/")[2])
    client.get("governor", "/v1/approvals/stranded")
    client.sign_in("governor")
    acts.approve(client, approval)
    path = f"/v1/approvals/{approval['id']}"
    until(lambda: client.get("governor", path)["status"] == "expired")
    until(lambda: acts.pipeline(client, agent_id)["status"] == "failed")
    to_the_governor(client, scene.parts, "Left alone")
    for execution in platform.runtime.views.executions("agent_creation", 100, "")["executions"]:
        if execution["state"] == "ACTIVE":
            platform.runtime.cancel(execution["name"].rpartition("/")[2])

    def found():
        return client.get("governor", "/v1/approvals/stranded")["items"]

    until(found, jump=platform.jump)


def report(scene):
    """See from the outside what oversight came to, for the Governor and for whoever audits."""
    for account in ("governor", "viewer"):
        told = scene.client.get(account, "/v1/oversight/report?days=90")["report"]
        ends = ("answered", "expired_unanswered", "expired_partly", "withdrawn", "open")
        assert told["questions"] == sum(told[end] for end in ends)
        assert told["answered"], "much was, and what is still open depends on the hour"
        assert told["answered_by"]["deputy"] == 1
