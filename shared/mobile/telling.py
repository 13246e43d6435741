"""What a notice says, held against the record at the moment it is shown: what is over is told as over."""

import re
from datetime import datetime

from shared.agents.models import Agent
from shared.approvals.models import Approval, ApprovalStatus
from shared.approvals.windows import NOTHING_BEGAN, silence
from shared.entity import written
from shared.mobile.models import Claim, Notification, SeenNotification
from shared.mobile.notices import CLAIM, MAX_BODY, MAX_TITLE, short
from shared.queries import OneOf
from shared.store import Transaction

Told = Approval | Agent

MOST = 100
"""A badge looks at no more than the newest of so many."""

_GRANTED = {ApprovalStatus.APPROVED, ApprovalStatus.CONSUMED}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z")


def holds(claim: Claim | None, told: Told, at: datetime) -> bool:
    """Say whether what a notice says of its subject is so."""
    if isinstance(told, Agent):
        status = {"suspended": "suspended", "in_service": "deployed"}.get(claim or "")
        return status is None or told.status == status
    so = {
        "waits": told.open and at < told.expires_at,
        "objectable": told.status in _GRANTED and _objectable(told, at),
        "review": told.status != ApprovalStatus.VETOED and _objectable(told, at),
        "unanswered": told.status == ApprovalStatus.EXPIRED and told.unused is None,
        "unused": told.unused is not None,
        "vetoed": told.vetoed_at is not None,
    }
    return so.get(claim or "", True)


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
    elif isinstance(told, Approval) and claim == "waits":
        now = written(told.expires_at)
        words = {"body": _INSTANT.sub(now, notification.body)}
    # Another release may store what is only shown here.
    return SeenNotification(**(dict(notification) | words | {"over": over}))


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
    if collection == Approval.collection:
        return txn.peek(Approval, id)
    return txn.peek(Agent, id) if collection == Agent.collection and notification.claim else None


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
