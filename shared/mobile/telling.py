"""What a notice says, held against the record at the moment it is shown: what is over is told as over."""

import re
from datetime import datetime

from shared.agents.models import Agent
from shared.agents.parts import AUTHORING
from shared.approvals.models import Approval, ApprovalStatus, Veto
from shared.approvals.windows import NOTHING_BEGAN, silence
from shared.entity import written
from shared.mobile.models import Claim, Notification, SeenNotification
from shared.mobile.notices import CLAIM, MAX_BODY, MAX_TITLE, short
from shared.queries import OneOf
from shared.store import Transaction
from shared.violations.models import OpenedViolation

Told = Approval | Agent | OpenedViolation | Veto
_KINDS: tuple[type[Told], ...] = (Approval, Agent, OpenedViolation, Veto)

MOST = 100
"""A badge looks at no more than the newest of so many."""

_GRANTED = {ApprovalStatus.APPROVED, ApprovalStatus.CONSUMED}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z")


def holds(claim: Claim | None, told: Told, at: datetime) -> bool:
    """Say whether what a notice says of its subject is so."""
    return _so(told, at).get(claim or "", True)


def _so(told: Told, at: datetime) -> dict[str, bool]:
    """Say of each claim that may be made of a thing whether it is so."""
    if isinstance(told, Agent):
        return {
            "suspended": told.status == "suspended",
            "in_service": told.status == "deployed",
            "taken_back": told.taken_back,
            "sent_back": told.creation_stage == AUTHORING,
            "ended": told.creation_stage is None and told.status != "deployed",
        }
    if isinstance(told, OpenedViolation):
        return {
            "unowned": told.status == "open",
            "unplanned": told.status == "acknowledged",
            "unsettled": told.closed_at is None,
        }
    if isinstance(told, Veto):
        return {"not_undone": told.effect_completed_at is None}
    return {
        "waits": told.open and at < told.expires_at,
        "objectable": told.status in _GRANTED and _objectable(told, at),
        "review": told.status != ApprovalStatus.VETOED and _objectable(told, at),
        "unanswered": told.status == ApprovalStatus.EXPIRED and told.unused is None,
        "unused": told.unused is not None,
        "refused": told.refused,
        "vetoed": told.vetoed_at is not None,
    }


def _objectable(approval: Approval, at: datetime) -> bool:
    ends = approval.veto_until
    return approval.vetoed_at is None and (ends is None or at < ends)


def seen(notification: Notification, told: Told | None, at: datetime) -> SeenNotification:
    """Return a notice in words that hold now: with the present deadline, or with what became of it."""
    claim = notification.claim or CLAIM[notification.kind]
    words: dict[str, str] = {}
    over = told is not None and not holds(claim, told, at)
    if over and isinstance(told, Approval):
        words = {"title": short(told.title, MAX_TITLE), "body": short(became(told), MAX_BODY)}
    elif over and isinstance(told, Agent):
        words = {"title": short(told.name, MAX_TITLE), "body": f"It is {told.status} now."}
    elif over and isinstance(told, OpenedViolation):
        words = {"title": f"{told.finding.code}: {told.status}", "body": _dealt_with(told)}
    elif over and isinstance(told, Veto) and told.effect_completed_at is not None:
        done = f"What it hit was undone at {written(told.effect_completed_at)}."
        words = {"title": "A veto is carried out", "body": done}
    elif isinstance(told, Approval) and claim == "waits":
        now = written(told.expires_at)
        words = {"body": _INSTANT.sub(now, notification.body)}
    # Another release may store what is only shown here.
    return SeenNotification(**(dict(notification) | words | {"over": over}))


def _dealt_with(violation: OpenedViolation) -> str:
    """Say in one sentence how a violation is dealt with."""
    if violation.closed_at is not None:
        return f"It was {violation.status} at {written(violation.closed_at)}."
    return f"{violation.owner} answers for it until {written(violation.due_at)}."


def became(approval: Approval) -> str:
    """Say in one sentence what became of a question."""
    if approval.cancellation is not None:
        return f"{approval.cancellation.by} withdrew it at {written(approval.cancellation.at)}."
    if approval.unused is not None:
        return NOTHING_BEGAN[approval.unused.why]
    if approval.status == ApprovalStatus.EXPIRED:
        return silence(approval)
    if approval.open:
        return f"It waits for a decision until {written(approval.expires_at)}."
    if not approval.decisions:
        return f"The precedent {approval.seed_id} approved it."
    last = approval.last
    return f"{last.approver_id}: {_SAID[last.verb]} at {written(last.at)}."


_SAID = {
    "approve": "approved",
    "reject": "rejected",
    "request_changes": "sent back with changes",
    "veto": "vetoed",
}


def subject(txn: Transaction, notification: Notification) -> Told | None:
    """Read what a notice is about, where it says something of it that may be over."""
    collection, _, id = notification.subject.partition("/")
    kind = next((one for one in _KINDS if one.collection == collection), None)
    if kind is None or (kind is not Approval and notification.claim is None):
        return None
    return txn.peek(kind, id)


def unread(txn: Transaction, audiences: tuple[str, ...], at: datetime) -> int:
    """Count the notices that nobody read and that hold: what is over waits for nobody."""
    count, looked, cursor, known = 0, 0, None, dict[str, Told | None]()
    while looked < MOST:
        found = txn.loosely("a badge is as old as it is").find(
            Notification,
            order="-created_at",
            cursor=cursor,
            audience=OneOf(audiences),
            read_at=None,
        )
        for one in found.items:
            if one.subject not in known:
                known[one.subject] = subject(txn, one)
            told = known[one.subject]
            count += told is None or holds(one.claim or CLAIM[one.kind], told, at)
        looked, cursor = looked + len(found.items), found.next_cursor
        if cursor is None:
            break
    return count
