"""Whether somebody says yes faster than anybody reads: then they are flagged, and must open what they decide."""

from datetime import datetime, timedelta
from typing import ClassVar

from shared.approvals.models import Approval
from shared.entity import Record, Timestamp
from shared.errors import Forbidden
from shared.identity import Actor
from shared.store import Transaction
from shared.violations.models import Finding
from shared.violations.rules import open_violation, opened

MAX_UNREAD, WITHIN = 10, timedelta(seconds=60)
"""So many requests approved in that time that were never opened are not decisions."""


class Pace(Record):
    """When somebody last approved what they had not opened; its id is theirs."""

    collection: ClassVar[str] = "paces"

    unread: tuple[Timestamp, ...] = ()


def keep(txn: Transaction, after: Approval, *, by: Actor, at: datetime) -> None:
    """
    Keep that somebody approved what they had not opened, before anything else is written.

    The last one that is let through flags them in the same commit, so that a hundred at once flag as one does.

    Raises:
        Forbidden: They did so too often of late: this one is to be opened first.
    """
    if after.last.opened_at is not None:
        return
    known = txn.peek(Pace, by.id) or Pace(id=by.id)
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
