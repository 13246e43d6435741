"""Budgets as they are set and raised: their limits deal anew in the same commit."""

from datetime import datetime

from shared.approvals.events.use import ApprovalConsumed
from shared.approvals.models.approvals import Approval, ApprovalStatus
from shared.approvals.rules import binding
from shared.budgets.actions.marking import crossed
from shared.budgets.events.budgets import BudgetRaised, GoingOnAgreed
from shared.budgets.models.budgets import Budget
from shared.budgets.rules import going_on, limits, setting
from shared.entity import Event
from shared.evidence import ApprovalRef
from shared.operation import Call
from shared.reservations import Changed, change_all
from shared.shares import Limit
from shared.store import Transaction


def dealt(txn: Transaction, before: Budget, after: Budget, *, at: datetime) -> Changed:
    """Let the limits of this window be others where they differ."""
    old, new = limits.limits(before, at=at), limits.limits(after, at=at)
    return change_all(
        txn, [limit for one, limit in new.items() if _amount(old.get(one)) != limit.amount]
    )


def carry_out(txn: Transaction, call: Call, approval: Approval) -> None:
    """Do with a budget what an approval of it says, using it up; where the budget asks no longer, nothing."""
    if approval.status is not ApprovalStatus.APPROVED:
        return
    before = txn.get_or_none(Budget, str(approval.subject.get("budget", "")))
    if before is None:
        return
    raising = before.raising
    if raising is not None and raising.approval_id == approval.id:
        question = setting.question(before, raising)
        step, after = (
            setting.raised_by(before, raising),
            setting.raised(before, raising, at=call.now),
        )
        told: Event = BudgetRaised(approval_id=approval.id, **setting.amounts(after))
    elif before.going_on_id == approval.id and before.asked_in is not None:
        question = going_on.question(before)
        step, after = going_on.agreed_by(before), going_on.agreed(before)
        told = GoingOnAgreed(approval_id=approval.id, window=before.asked_in)
    else:
        return
    used = binding.consume(approval, by=step, question=question, at=call.now)
    under = ApprovalRef(approval_id=used.id, action_digest=used.action_digest)
    passed = dealt(txn, before, after, at=call.now)
    txn.save(used, ApprovalConsumed.of(used))
    after = txn.save(after, told, approval=under)
    crossed(txn, after, passed, at=call.now)


def _amount(limit: Limit | None) -> int | None:
    return limit.amount if limit else None
