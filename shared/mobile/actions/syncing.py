"""Take a phone's queue of vetoes: all of it is read first, answered in order, and kept at the end."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from pydantic import ValidationError

from shared.approvals.actions import answerable, late_vetoes, repeats
from shared.approvals.events.lifecycle import ApprovalCancelled
from shared.approvals.events.vetoes import ApprovalVetoed, VetoRecorded
from shared.approvals.models.approvals import Approval
from shared.approvals.models.records import LateVeto
from shared.approvals.models.vetoes import Veto
from shared.approvals.rules import decisions
from shared.approvals.rules.checks import same_subject
from shared.devices.models import Device
from shared.entity import Because, Event
from shared.errors import AlreadyDecided, Conflict, Expired, Refusal
from shared.evidence import digest_of
from shared.inputs import whole
from shared.mobile.actions import signing
from shared.mobile.models.queue import ItemResult, QueuedVeto, Result, SyncedVeto
from shared.mobile.models.signed import SpentNonce
from shared.mobile.rules import offline_vetoes
from shared.mobile.rules.signatures import earliest, nonce_id, statement, verified
from shared.operation import Call
from shared.ports import SignatureCheck
from shared.store import Transaction

Change = tuple[Approval, Event, Because | None]


class Queue:
    """The vetoes of one phone on their way in."""

    def __init__(
        self, call: Call, txn: Transaction, check: SignatureCheck, skew: timedelta | None
    ) -> None:
        """Start with nothing read and nothing to keep."""
        self.call, self.txn, self.check, self.skew = call, txn, check, skew
        self._peek = cache(txn.get_or_none)
        self._approvals: dict[str, Approval | None] = {}
        self._answers: dict[str, SyncedVeto | None] = {}
        self._nonces: dict[str, SpentNonce | None] = {}
        self._devices: dict[str, Device | None] = {}
        self._spent: list[SpentNonce] = []
        self._answered: list[SyncedVeto] = []
        self._changed: list[Change] = []
        self._vetoes: list[tuple[Veto, Because]] = []
        self._asked: dict[str, tuple[Approval, LateVeto, Because]] = {}

    def read(self, items: tuple[QueuedVeto | ItemResult, ...]) -> None:
        """Read what the items are about, each document once."""
        for item in items:
            if isinstance(item, ItemResult):
                continue
            key = offline_vetoes.answer_id(self.call.actor, item.idempotency_key)
            nonce = nonce_id(item.device)
            self._approvals.setdefault(item.approval_id, self._peek(Approval, item.approval_id))
            self._answers.setdefault(key, self._peek(SyncedVeto, key))
            self._nonces.setdefault(nonce, self._peek(SpentNonce, nonce))
            self._devices.setdefault(item.device.id, self._peek(Device, item.device.id))

    def answer(self, item: QueuedVeto) -> ItemResult:
        """Answer one veto; what it changes counts for those after it."""
        key = offline_vetoes.answer_id(self.call.actor, item.idempotency_key)
        approval = self._approvals[item.approval_id]
        if approval is None:
            return _refused(item, "invalid", "not_found", "there is no such approval here")
        said = digest_of(statement(approval, "veto", item.words(), item))
        before = self._answers[key]
        if before is not None and before.statement_hash != said:
            words = "this key came with another veto before; use a new one"
            return _refused(item, "invalid", "idempotency_key_reused", words)
        if before is not None:
            return before.answer.model_copy(update={"result": "duplicate"})
        try:
            note = self._signed(approval, item)
        except Refusal as refusal:
            return _refused(item, "forbidden", _rule(refusal), refusal.detail)
        try:
            result = self._judged(approval, item, note)
        except (AlreadyDecided, Expired, Conflict) as refusal:
            result = offline_vetoes.stored(
                item, approval, "superseded", rule=_rule(refusal), detail=refusal.detail
            )
        except Refusal as refusal:
            return _refused(item, "forbidden", _rule(refusal), refusal.detail)
        kept = SyncedVeto(id=key, statement_hash=said, answer=result)
        self._answers[key] = kept
        self._nonces[note.id] = note
        self._answered.append(kept)
        self._spent.append(note)
        return result

    def _signed(self, approval: Approval, item: QueuedVeto) -> SpentNonce:
        offline_vetoes.may_sync(self.call.actor, approval, item)
        note = verified(
            approval,
            "veto",
            item,
            by=self.call.actor,
            device=self._devices[item.device.id],
            spent=self._nonces[nonce_id(item.device)],
            verify=self.check,
            at=self.call.now,
        )
        same_subject(approval, item.expected_digest)
        return note

    def _judged(self, approval: Approval, item: QueuedVeto, note: SpentNonce) -> ItemResult:
        call = self.call
        if offline_vetoes.settled(approval):
            return offline_vetoes.stored(item, approval, "superseded")
        since = earliest(approval, self._devices[item.device.id])
        at = offline_vetoes.signed_at(item, since=since, skew=self.skew, at=call.now)
        if offline_vetoes.too_late(approval, item, at, call.now):
            return self._late(approval, item, at, note)
        after = decisions.veto(
            approval, by=call.actor, at=at, category=item.category, explanation=item.explanation
        )
        # What a no keeps closed for a time, it keeps closed from when it is known.
        after = after.model_copy(update={"vetoed_at": call.now})
        because = signing.because(after, note)
        self._changed.append((after, ApprovalVetoed.of(after), because))
        received = {"received_at": call.now, "offline": True}
        made = decisions.record_veto(approval, after, id=call.new_id()).model_copy(update=received)
        self._vetoes.append((made, because))
        self._approvals[approval.id] = after
        offline = call.now >= offline_vetoes.window_end(approval)
        return offline_vetoes.stored(
            item, after, "applied", offline=offline, veto_id=made.id, effect=made.effect
        )

    def _late(
        self, approval: Approval, item: QueuedVeto, at: datetime, note: SpentNonce
    ) -> ItemResult:
        """Ask somebody else whether to roll back; where nobody is there, or nothing can be undone, it counts."""
        call, txn = self.call, self.txn
        if approval.open:
            words = "its time to be answered was over, so nothing of it happens"
            return offline_vetoes.stored(item, approval, "expired", rule="expired", detail=words)
        said = late_vetoes.said(
            approval, by=call.actor, at=at, category=item.category, explanation=item.explanation
        )
        asked, kept = late_vetoes.question(
            approval, said, id=call.new_id(), by=call.actor, at=call.now
        )
        counted = late_vetoes.counted(approval, said, id=kept.id, at=call.now)
        because = signing.because(counted.approval, note)
        before = late_vetoes.standing(txn, approval, at=call.now)
        if late_vetoes.undoable(approval) and not answerable.alone(call, txn, before or asked):
            one = before or self._asked.setdefault(approval.id, (asked, kept, because))[0]
            return offline_vetoes.stored(item, approval, "expired", rollback_approval_id=one.id)
        if before is not None:
            gone = decisions.withdraw(before, by=call.actor, at=call.now, reason=late_vetoes.NOBODY)
            self._changed.append((gone, ApprovalCancelled.of(gone), None))
        after, veto = counted.approval, counted.veto
        self._changed.append((after, ApprovalVetoed.of(after), because))
        self._vetoes.append((veto, because))
        self._approvals[approval.id] = after
        return offline_vetoes.stored(
            item, after, "applied", offline=True, veto_id=veto.id, effect=veto.effect
        )

    def keep(self) -> None:
        """Write everything down, each document once."""
        for approval, event, because in self._changed:
            self.txn.save(approval, event, because=because)
        for veto, because in self._vetoes:
            self.txn.create(veto, VetoRecorded.of(veto), because=because)
        for asked, about, because in self._asked.values():
            name = late_vetoes.name(about.approval_id)
            repeats.ask(self.txn, asked, at=self.call.now, known_as=name, because=because)
            self.txn.create(about)
        for record in (*self._spent, *self._answered):
            self.txn.save(record)


def parsed(item: Mapping[str, Any]) -> QueuedVeto | ItemResult:
    """Return one item of a queue, or why it is none."""
    try:
        read = QueuedVeto.model_validate_json(json.dumps(item), strict=True, extra="forbid")
        return whole(read)
    except ValidationError as error:
        given = item.get("idempotency_key")
        key = given if isinstance(given, str) else None
        words = "only vetoes are queued; everything else needs a connection"
        if item.get("verb") == "veto":
            words = "; ".join(
                f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:5]
            )
        return ItemResult(idempotency_key=key, result="invalid", rule="schema", detail=words)


def _refused(item: QueuedVeto, result: Result, rule: str, detail: str) -> ItemResult:
    return ItemResult(idempotency_key=item.idempotency_key, result=result, rule=rule, detail=detail)


def _rule(refusal: Refusal) -> str:
    return refusal.violations[0].rule if refusal.violations else refusal.code
