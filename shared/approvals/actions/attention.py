"""
Whether somebody looks before they answer: what they opened, and how fast they say yes to what they did not.

Both are one record of each person, as a decision reads both. A yes that nobody read is none: too many flag whoever
gave them, and must be opened from then on.
"""

from datetime import datetime, timedelta

from shared.actors import Actor, Role, Scope
from shared.approvals.models.approvals import Approval
from shared.approvals.models.records import Attention, Opening
from shared.errors import Forbidden
from shared.store import Transaction
from shared.violations.actions.opening import open_violation
from shared.violations.models import Finding
from shared.violations.rules.lifecycle import opened

MAX_UNREAD, WITHIN = 10, timedelta(seconds=60)
"""So many requests approved in that time that were never opened are not decisions."""

MAX_OPENED = 100
"""How many of the questions that somebody opened last are known; far more than anybody is shown at once."""


def of(txn: Transaction, approval: Approval, by: Actor) -> Attention:
    """Return what somebody looked at who answers a question."""
    known = txn.get_or_none(Attention, by.id) or Attention(id=by.id)
    if approval.act_family is not None or approval.id in known.opened:
        return known
    earlier = txn.get_or_none(Opening, f"{approval.id}:{by.id}")
    return _with(known, approval, earlier.opened_at) if earlier else known


def note(txn: Transaction, approval: Approval, *, by: Actor, at: datetime) -> None:
    """Note that a question was opened, the first time that somebody does who may answer what it is now."""
    if Role.SERVICE in by.roles or Scope.GOVERNANCE_WRITE not in by.scopes or not approval.open:
        return
    known = of(txn, approval, by)
    if known.opened_at(approval) is None:
        txn.save(_with(known, approval, at))


def keep(txn: Transaction, known: Attention, after: Approval, *, by: Actor, at: datetime) -> None:
    """
    Keep that somebody approved what they had not opened, before anything else is written.

    The last one that is let through flags them in the same commit, so that a hundred at once flag as one does.

    Raises:
        Forbidden: They did so too often of late: this one is to be opened first.
    """
    if after.last.opened_at is not None:
        return
    unread = (*(one for one in known.unread if at - one < WITHIN), at)
    if len(unread) > MAX_UNREAD:
        raise Forbidden(
            f"you approved {MAX_UNREAD} requests within a minute without opening one; open this one first"
            f" (GET /v1/approvals/{after.id})",
            rule="open_first",
            approval_id=after.id,
        )
    if len(unread) == MAX_UNREAD:
        finding = Finding(
            type="constitutional",
            code="CONSTITUTIONAL-VIOLATION",
            severity="high",
            description=f"{MAX_UNREAD} requests were approved within a minute, and none of them was opened.",
            actor_id=by.id,
            entity_id=f"approvals/{after.id}",
        )
        new = opened(finding, tenant=txn.tenant, occasion="unread", by="service:approvals", at=at)
        open_violation(txn, new)
    txn.save(known.model_copy(update={"unread": unread}))


def _with(known: Attention, approval: Approval, at: datetime) -> Attention:
    """Return what is known with one more that was opened; the one that was opened longest ago goes."""
    latest = sorted(({**known.opened, approval.id: at}).items(), key=lambda one: one[1])
    return known.model_copy(update={"opened": dict(latest[-MAX_OPENED:])})
