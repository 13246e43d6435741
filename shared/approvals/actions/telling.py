"""What people are told of questions."""

from datetime import datetime

from shared.actors import PLATFORM
from shared.approvals.models.approvals import Approval
from shared.approvals.rules.notices import QUESTIONS, inbox_of
from shared.entity import written
from shared.notifications.actions import telling
from shared.notifications.actions.telling import known, tell_each
from shared.notifications.models import Kind
from shared.notifications.rules.notices import inbox_id, notice
from shared.notifications.rules.subjects import Told
from shared.reaction import ReactionCall
from shared.store import Transaction


def told_at(call: ReactionCall, txn: Transaction, approval: Approval) -> datetime | None:
    """Return since when everybody whose turn it is has a notice of a question, or None where somebody has none."""
    subject, seats = f"approvals/{approval.id}", approval.step.seats
    ids = [inbox_id("approval_pending", inbox_of(approval, s), s, subject) for s in seats]
    found = [one for id in ids if (one := known(call, txn, id))]
    return max(one.created_at for one in found) if len(found) == len(ids) else None


def tell_of_waiting(call: ReactionCall, txn: Transaction, *held: Approval) -> None:
    """Tell the Governor that there is room for what was held back; before anything else is written."""
    tell_each(
        call,
        txn,
        *(
            notice(
                "approval_pending",
                tenant=txn.tenant,
                audience=one.governor,
                subject=f"approvals/{one.id}",
                title=one.title,
                body="It was held back while there was much to decide; it can be decided until"
                f" {written(one.expires_at)}.",
                at=call.now,
            )
            for one in held
        ),
    )


def tell_over(call: ReactionCall, approval: Approval) -> None:
    """Have what the platform's people were told of a customer's question say what became of it."""
    subject = f"approvals/{approval.id}"
    seats = [seat for step in approval.steps for seat in step.seats]
    told: list[tuple[Kind, str, str]] = [("approval_pending", seat, "") for seat in seats]
    told += [
        ("approval_escalated", who, f"level {one.level}")
        for one in approval.escalations
        for who in (*seats, *map(str, one.to))
    ]
    theirs = [one for one in told if inbox_of(approval, one[1]) == PLATFORM]
    if theirs and call.tenant != PLATFORM:
        ids = [inbox_id(kind, PLATFORM, who, subject, when) for kind, who, when in theirs]
        telling.tell_over(call, Told(QUESTIONS, approval), [*dict.fromkeys(ids)])
