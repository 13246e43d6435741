"""A violation, as it is opened."""

from shared.store import Transaction
from shared.violations.events import (
    ViolationOpened,
    ViolationUnanswered,
)
from shared.violations.models import OpenedViolation


def open_violation(txn: Transaction, new: OpenedViolation) -> OpenedViolation:
    """Keep a violation and set its clock, before anything else is written; again changes nothing."""
    known = txn.get_or_none(OpenedViolation, new.id)
    if known is not None:
        return known
    finding = new.finding
    kept = txn.create(
        new,
        ViolationOpened(
            type=finding.type,
            code=finding.code,
            severity=finding.severity,
            agent_id=finding.agent_id,
            automatic_response=finding.automatic_response,
        ),
    )
    txn.schedule(ViolationUnanswered(status="open"), at=kept.due_at, about=kept)
    return kept
