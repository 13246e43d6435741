"""Do on a phone whatever can be done on one, with requests and with time passing."""

import hashlib
from datetime import timedelta
from uuid import uuid4

from shared.actors import PLATFORM, Role
from shared.agents.events.releases import HealthStatusChanged
from shared.agents.models.agents import Agent
from shared.approvals.events.lifecycle import ApprovalGranted
from shared.approvals.models.approvals import Approval, ApprovalStatus
from shared.approvals.models.questions import ApprovalRequest
from shared.approvals.models.seen import SeenApproval
from shared.approvals.rules import requests
from shared.constitution import amended
from shared.entity import written
from shared.learning.models import NewDraft
from shared.notifications.actions.telling import tell
from shared.notifications.rules.notices import notice
from shared.violations.actions import opening
from shared.violations.models import Finding
from shared.violations.rules import lifecycle
from tests.approvals.questions import EXAMPLE
from tests.mobile.phone import OBJECTION, Phone
from tests.rehearsals.scene import until

WORDS = "the sources were certified again"
STREAM = "/v1/notifications/stream"
GRACE = timedelta(hours=1)
"""How long after its window a signed veto may come."""


class Handset(Phone):
    """A phone that speaks HTTP."""

    def __init__(self, scene):
        super().__init__(None)
        self.scene, self.client, self.id = scene, scene.client, f"governor.{PLATFORM}"

    def call(self, at=0):
        return self.scene.call()

    def register(self, at=0):
        self.client.sign_in("governor")
        given = self.enrolment(at)
        self.device = Named(self.client.post("governor", "/v1/mobile/devices", given))
        return self

    def decide(self, approval, verb, path, **words):
        self.client.sign_in("governor")
        body = self.sign(approval, verb.replace("-", "_"), **words)
        return self.client.post("governor", f"/v1/mobile/approvals/{approval.id}/{path}", body)


class Named:
    """What was answered, by name."""

    def __init__(self, body):
        vars(self).update(body)


def rehearse(scene):
    client, phone = scene.client, Handset(scene).register()
    decide(scene, phone)
    look(client, scene.agent_id)
    prefer(client)
    violate(scene)
    wait(scene)
    client.sign_in("governor")
    other = Handset(scene).register()
    client.send("governor", "DELETE", f"/v1/mobile/devices/{other.device.id}")
    veto_late(scene, Handset(scene).register())


def asked(scene):
    return Approval.model_validate(scene.ask(window_min=600))


def decide(scene, phone):
    client, begun = scene.client, scene.listen("governor", STREAM)
    asked_for = asked(scene)
    until(lambda: scene.listen("governor", STREAM, begun.last).of("notification"))
    seen = client.get("governor", f"/v1/mobile/approvals/{asked_for.id}")
    assert seen["card_matches"]
    phone.decide(asked_for, "approve", "approve", comment="go")
    phone.decide(asked(scene), "request_changes", "request-changes", changes=["add a test"])
    veto = phone.decide(asked(scene), "veto", "veto", **OBJECTION)
    attach(client, veto["id"], b"%PDF-1.7\n")
    queued = phone.queue(asked(scene))
    results = client.post("governor", "/v1/mobile/sync", {"items": [queued]})["results"]
    assert [one["result"] for one in results] == ["applied"]


def veto_late(scene, phone):
    """Veto on the phone what is found in service an hour after that was possible: with a deputy, and alone."""
    client = scene.client
    agents = [scene.deployed(name) for name in ("Late", "Late and alone")]
    seen = [client.get("governor", f"/v1/approvals/{one['approval_id']}") for one in agents]
    told = [SeenApproval.model_validate(one) for one in seen]
    first, other = [phone.queue(one, **OBJECTION) for one in told]
    scene.pass_by(told[-1].veto_until + GRACE)

    def sync(item):
        client.sign_in("governor")
        (result,) = client.post("governor", "/v1/mobile/sync", {"items": [item]})["results"]
        return result

    def agree(account, id):
        client.sign_in(account)
        question = client.get(account, f"/v1/approvals/{id}")
        agreed = {"expected_digest": question["action_digest"]}
        client.post(account, f"/v1/approvals/{id}/approve", agreed)

    def becomes(agent, status):
        path = f"/v1/agents/{agent['id']}"
        until(lambda: client.get("viewer", path)["status"] == status)

    agree("deputy_governor", sync(first)["rollback_approval_id"])
    becomes(agents[0], "suspended")
    client.sign_in("admin")
    path = "/v1/admin/users/deputy_governor.platform/roles"
    role = {"role": "deputy_governor", "reason": "they are on leave until the end of the month"}
    client.post("admin", f"{path}/withdraw", role)
    back = sync(other)["veto_id"]
    client.post("admin", f"{path}/restore", role)
    becomes(agents[1], "suspended")
    agree("governor", back)
    becomes(agents[1], "deployed")


def attach(client, veto_id, content):
    document = {"name": "quote.pdf", "content_type": "application/pdf", "size": len(content)}
    document["sha256"] = hashlib.sha256(content).hexdigest()
    given = client.post("governor", f"/v1/mobile/vetoes/{veto_id}/attachments", document)
    headers = {"Content-Type": "application/pdf"}
    assert client.answer(None, "PUT", given["upload_url"], headers, body=content).status == 201


def look(client, agent_id):
    until(lambda: client.get("governor", "/v1/mobile/dashboard")["recent_vetoes"])
    cards = client.get("governor", "/v1/mobile/agents", limit=100)["items"]
    assert agent_id in {card["id"] for card in cards}
    for path in ("approvals", "seeds", "violations"):
        client.get("governor", f"/v1/mobile/{path}")
    (draft,) = NewDraft.model_config["json_schema_extra"]["examples"]
    client.sign_in("governor")
    client.post("governor", "/v1/mobile/seeds", draft)


def prefer(client):
    """Stay silent nearly all day, so that what is not urgent waits."""
    path = "/v1/me/notification-preferences"
    version = client.get("governor", path)["version_hash"]
    client.put("governor", path, {"quiet_hours": {"start": "00:00", "end": "23:59"}}, version)


def violate(scene):
    client, ids = scene.client, [open_violation(scene) for _ in range(2)]
    client.sign_in("governor")
    path = "/v1/mobile/violations/{}/{}".format
    client.post("governor", path(ids[0], "acknowledge"))
    client.post("governor", path(ids[0], "plan"), {"plan": WORDS})
    client.post("governor", path(ids[0], "resolve"), {"resolution": WORDS})
    client.post("governor", path(ids[1], "dismiss"), {"reason": WORDS})
    open_violation(scene)
    with scene.call().transaction() as txn:
        agent = txn.get(Agent, scene.agent_id)
        event = HealthStatusChanged(status="critical", check_type="heartbeat")
        txn.save(amended(agent, health_status="critical"), event)
    stopped = {"suspended"}
    until(lambda: client.get("viewer", f"/v1/agents/{scene.agent_id}")["status"] in stopped)


def open_violation(scene):
    finding = Finding(
        type="ethics",
        code="ETH-UNCLEAR",
        severity="high",
        description="Nobody knows where a sentence came from.",
        actor_id="somebody",
    )
    given = scene.call()
    new = lifecycle.opened(
        finding, tenant=PLATFORM, occasion=str(uuid4()), by="tests", at=given.now
    )
    with given.transaction() as txn:
        return opening.open_violation(txn, new).id


def wait(scene):
    """Let time pass until every promise to the Governor was kept."""
    asked(scene)
    given = scene.call()
    request = ApprovalRequest.model_validate(EXAMPLE)
    with given.transaction() as txn:
        new = requests.ask(
            request, id=given.new_id(), tenant=PLATFORM, by=given.actor, at=given.now
        )
        ends = given.now + timedelta(hours=24)
        by_a_seed = {"status": ApprovalStatus.APPROVED, "seed_id": "GEN-004", "veto_until": ends}
        new = new.model_copy(update=by_a_seed)
        granted = ApprovalGranted(
            approvers=(), auto=True, seed_id="GEN-004", decided_at=given.now, veto_until=ends
        )
        txn.create(new, granted)
    given = scene.call()
    with given.transaction() as txn:
        tell(
            txn,
            notice(
                "announcement",
                tenant=PLATFORM,
                audience=Role.GOVERNOR,
                subject="announcements/1",
                title="News",
                body=written(given.now),
                at=given.now,
            ),
        )
    for id in (
        "notify_escalation",
        "push_later",
        "remind_violation",
        "remind_veto",
        "remove_device",
    ):
        until(
            lambda id=id: f"mobile.{id}" in scene.platform.meter.most,
            timeout_s=60,
            jump=scene.platform.jump,
        )
    (told, *_) = scene.client.get("governor", "/v1/notifications", unread="true")["items"]
    scene.client.post("governor", f"/v1/notifications/{told['id']}/read")
