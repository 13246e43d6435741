"""A violation, as it is opened."""

from collections.abc import Sequence

from shared.store import Transaction
from shared.violations.events import (
    ViolationOpened,
    ViolationUnanswered,
)
from shared.violations.models import OpenedViolation


def open_violation(txn: Transaction, new: OpenedViolation) -> OpenedViolation:
    """Keep a violation and set its clock, before anything else is written; again changes nothing."""
    return open_violations(txn, [new])[0]


def open_violations(txn: Transaction, new: Sequence[OpenedViolation]) -> list[OpenedViolation]:
    """Keep some violations, as one is kept."""
    known = txn.get_all(OpenedViolation, [one.id for one in new])
    return [known.get(one.id) or _opened(txn, one) for one in new]


def _opened(txn: Transaction, new: OpenedViolation) -> OpenedViolation:
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
