"""A phone of the tests: it has a key, shows cards, and signs what its owner decides."""

import secrets
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from functions.mobile.register_device import register_device
from shared.actors import PLATFORM, Role
from shared.approvals.events.lifecycle import ApprovalRequested
from shared.approvals.models.approvals import Approval
from shared.approvals.models.questions import ApprovalRequest
from shared.approvals.rules import requests
from shared.canonical import canonical, digest
from shared.devices.rules import Registration
from shared.edge.keys import encoded, verify_ed25519
from shared.entity import written
from shared.inputs import whole
from tests.approvals.questions import EXAMPLE

WORDS = ("category", "changes", "comment", "explanation")
OBJECTION = {"category": "safety", "explanation": "it quotes a dose that no source supports"}


class Phone:
    """One device of one person."""

    def __init__(self, call_as, *roles, id="", tenant=PLATFORM, **given):
        self.call_as, self.roles = call_as, roles or (Role.GOVERNOR,)
        self.id, self.tenant = id or self.roles[0].value, tenant
        self.key = Ed25519PrivateKey.generate()
        self.public_key = encoded(self.key.public_key().public_bytes_raw())
        self.given = {
            "fcm_token": f"token-{secrets.token_hex(8)}",
            "public_key": self.public_key,
            "platform": "android",
            "app_version": "1.0.0",
        } | given
        self.device = None

    def call(self, at=0, **said):
        return self.call_as(*self.roles, id=self.id, tenant=self.tenant, at=at, **said)

    def register(self, at=0):
        given = Registration(**self.enrolment(at))
        self.device = register_device(self.call(at), given, verify_ed25519)
        return self

    def enrolment(self, at=0, **changes):
        """Return what it is registered with, signed by its key."""
        given = self.given | {"signed_at": written(self.call(at).now)} | changes
        signed = {name: given[name] for name in ("public_key", "fcm_token", "signed_at")}
        said = signed | {"typ": "device-enrolment/v1", "tenant": self.tenant, "user_id": self.id}
        return {"signature": encoded(self.key.sign(canonical(said)))} | given

    def sign(self, approval, verb, *, at=0, life_min=5, **changes):
        """Return the body of a decision, signed over what the phone showed."""
        decided_at = self.call(at).now
        body = {k: v for k, v in changes.items() if k in WORDS}
        shown = {
            "typ": "device-decision/v1",
            "approval_id": approval.id,
            "action_digest": approval.action_digest,
            "card_hash": approval.card_hash,
            "verb": verb,
            "reason_hash": digest(body),
            "decided_at": written(decided_at),
            "nonce": changes.get("nonce") or secrets.token_hex(8),
            "sig_expires_at": written(decided_at + timedelta(minutes=life_min)),
        } | changes.get("said", {})
        return body | {
            "expected_digest": changes.get("expected_digest", approval.action_digest),
            "decided_at": written(decided_at),
            "idempotency_key": changes.get("key") or secrets.token_hex(16),
            "device": {
                "id": self.device.id,
                "nonce": shown["nonce"],
                "sig_expires_at": shown["sig_expires_at"],
                "signature": encoded(self.key.sign(canonical(shown))),
            },
        }

    def queue(self, approval, *, at=0, **changes):
        """Return a veto as it waits without a connection: signed until an hour after its window."""
        ends = approval.veto_until or approval.expires_at
        life = (ends + timedelta(hours=1) - self.call(at).now).total_seconds() / 60
        words = OBJECTION | {"life_min": life} | changes
        body = self.sign(approval, "veto", at=at, **words)
        return {"verb": "veto", "approval_id": approval.id} | body


def asked(call_as, *, tenant=PLATFORM, at=0, **changes):
    """Return an approval that was asked for, with changes to what is stored of it."""
    question = {k: v for k, v in changes.items() if k in ApprovalRequest.model_fields}
    stored = {k: v for k, v in changes.items() if k not in question}
    if tenant != PLATFORM:
        question = {"governor_scope": "engagement"} | question
    request = whole(ApprovalRequest.model_validate(EXAMPLE | question))
    call = call_as(Role.SERVICE, tenant=tenant, at=at)
    with call.transaction() as txn:
        new = requests.ask(request, id=call.new_id(), tenant=tenant, by=call.actor, at=call.now)
        new = new.model_copy(update=stored)
        return txn.create(new, ApprovalRequested.of(new))


def stored(call_as, kind, id, tenant=PLATFORM):
    with call_as(Role.SERVICE, tenant=tenant).transaction() as txn:
        return txn.get_or_none(kind, id)


def approved(call_as, approval, *, at=1, by="another-governor"):
    """Return the approval after another Governor approved it."""
    from functions.approvals.approve_approval import Agreement, approve_approval

    agreement = Agreement(expected_digest=approval.action_digest)
    call = call_as(Role.GOVERNOR, id=by, at=at)
    return approve_approval(call, approval.id, agreement)


__all__ = ["OBJECTION", "Approval", "Phone", "approved", "asked", "stored"]
