"""Do on a phone whatever can be done on one, with requests and with time passing."""

import hashlib
from datetime import timedelta
from uuid import uuid4

from shared.agents.models import Agent, HealthStatusChanged
from shared.approvals import requests
from shared.approvals.events import ApprovalGranted
from shared.approvals.models import Approval, ApprovalRequest, ApprovalStatus
from shared.constitution import amended
from shared.entity import written
from shared.identity import PLATFORM, Actor, Role
from shared.learning.requests import NewDraft
from shared.mobile.notices import notice, tell
from shared.operation import Call
from shared.violations import rules
from shared.violations.models import Finding
from tests.e2e.conftest import until
from tests.mobile.phone import OBJECTION, Phone

WORDS = "the sources were certified again"


class Handset(Phone):
    """A phone that speaks HTTP."""

    def __init__(self, client, platform):
        super().__init__(None)
        self.client, self.platform, self.id = client, platform, f"governor.{PLATFORM}"

    def call(self, at=0):
        return call(self.platform)

    def register(self, at=0):
        self.device = Named(self.client.post("governor", "/v1/mobile/devices", self.given))
        return self

    def decide(self, approval, verb, path, **words):
        self.client.sign_in("governor")
        body = self.sign(approval, verb.replace("-", "_"), **words)
        return self.client.post("governor", f"/v1/mobile/approvals/{approval.id}/{path}", body)


class Named:
    """What was answered, by name."""

    def __init__(self, body):
        vars(self).update(body)


def call(platform):
    now = platform.clock.now()
    return Call(
        actor=Actor(id="service:tests", tenant=PLATFORM, roles=frozenset({Role.SERVICE})),
        now=now.replace(microsecond=now.microsecond // 1000 * 1000),
        documents=platform.ports.documents,
        signer=platform.ports.signer,
        tenant=PLATFORM,
        operation="tests.call",
        correlation_id=str(uuid4()),
    )


def asked(client):
    (example,) = ApprovalRequest.model_config["json_schema_extra"]["examples"]
    body = client.post("service", "/v1/approvals", example | {"window_min": 600})
    return Approval.model_validate(body)


def call_phone(client, platform, agent_id):
    phone = Handset(client, platform).register()
    decide(phone, client)
    look(client, agent_id)
    prefer(client)
    violate(client, platform, agent_id)
    wait(client, platform)
    client.sign_in("governor")
    other = Handset(client, platform).register()
    client._send("governor", "DELETE", f"/v1/mobile/devices/{other.device.id}")


def decide(phone, client):
    asked_for = asked(client)
    seen = client.get("governor", f"/v1/mobile/approvals/{asked_for.id}")
    assert seen["card_matches"]
    phone.decide(asked_for, "approve", "approve", comment="go")
    phone.decide(asked(client), "request_changes", "request-changes", changes=["add a test"])
    veto = phone.decide(asked(client), "veto", "veto", **OBJECTION)
    attach(client, veto["id"], b"%PDF-1.7\n")
    queued = phone.queue(asked(client))
    results = client.post("governor", "/v1/mobile/sync", {"items": [queued]})["results"]
    assert [one["result"] for one in results] == ["applied"]


def attach(client, veto_id, content):
    document = {"name": "quote.pdf", "content_type": "application/pdf", "size": len(content)}
    document["sha256"] = hashlib.sha256(content).hexdigest()
    given = client.post("governor", f"/v1/mobile/vetoes/{veto_id}/attachments", document)
    url, headers = client._address + given["upload_url"], {"Content-Type": "application/pdf"}
    assert client._pool.request("PUT", url, body=content, headers=headers).status == 201


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


def violate(client, platform, agent_id):
    ids = [open_violation(platform) for _ in range(2)]
    client.sign_in("governor")
    path = "/v1/mobile/violations/{}/{}".format
    client.post("governor", path(ids[0], "acknowledge"))
    client.post("governor", path(ids[0], "plan"), {"plan": WORDS})
    client.post("governor", path(ids[0], "resolve"), {"resolution": WORDS})
    client.post("governor", path(ids[1], "dismiss"), {"reason": WORDS})
    open_violation(platform)
    given = call(platform)
    with given.transaction() as txn:
        agent = txn.get(Agent, agent_id)
        event = HealthStatusChanged(status="critical", check_type="heartbeat")
        txn.save(amended(agent, health_status="critical"), event)
    stopped = {"suspended"}
    until(lambda: client.get("viewer", f"/v1/agents/{agent_id}")["status"] in stopped)


def open_violation(platform):
    finding = Finding(
        type="ethics",
        code="ETH-UNCLEAR",
        severity="high",
        description="Nobody knows where a sentence came from.",
        actor_id="somebody",
    )
    given = call(platform)
    new = rules.opened(finding, tenant=PLATFORM, occasion=str(uuid4()), by="tests", at=given.now)
    with given.transaction() as txn:
        return rules.open_violation(txn, new).id


def wait(client, platform):
    """Let time pass until every promise to the Governor was kept."""
    asked(client)
    given = call(platform)
    (example,) = ApprovalRequest.model_config["json_schema_extra"]["examples"]
    request = ApprovalRequest.model_validate(example)
    with given.transaction() as txn:
        new = requests.ask(
            request, id=given.new_id(), tenant=PLATFORM, by=given.actor, at=given.now
        )
        ends = given.now + timedelta(hours=24)
        new = new.model_copy(update={"status": ApprovalStatus.EXPIRED, "veto_until": ends})
        granted = ApprovalGranted(
            approvers=(), auto=True, seed_id="GEN-004", decided_at=given.now, veto_until=ends
        )
        txn.create(new, granted)
    given = call(platform)
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
        until(lambda id=id: f"mobile.{id}" in platform.meter.most, timeout_s=60, jump=platform.jump)
    (told, *_) = client.get("governor", "/v1/notifications", unread="true")["items"]
    client.post("governor", f"/v1/notifications/{told['id']}/read")
