"""What a notice says, held against the record at the moment it is shown: what is over is told as over."""

import re
from datetime import datetime

from shared.agents.models.agents import Agent
from shared.agents.models.parts import AUTHORING
from shared.approvals.models.approvals import Approval, ApprovalStatus
from shared.approvals.models.vetoes import Veto
from shared.approvals.rules.windows import NOTHING_BEGAN, silence
from shared.entity import written
from shared.mobile.models.inbox import Claim, Notification, SeenNotification
from shared.mobile.rules.notices import CLAIM, MAX_BODY, MAX_TITLE, short
from shared.violations.models import OpenedViolation

Told = Approval | Agent | OpenedViolation | Veto
KINDS: tuple[type[Told], ...] = (Approval, Agent, OpenedViolation, Veto)

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
