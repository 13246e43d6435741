from shared.approvals.actions.timers import schedule_next
from shared.approvals.events.lifecycle import ApprovalDeadline, ApprovalExpired
from shared.approvals.models.approvals import Approval
from shared.approvals.rules import decisions, windows
from shared.reaction import ReactionCall, reaction


@reaction(due=ApprovalDeadline)
def expire_approval(call: ReactionCall, event: ApprovalDeadline) -> None:
    """
    Let an approval expire whose time is over.

    Silence is never consent. A deadline has no effect once another one was set. Where an answer came late, it
    leads to the time by which what was approved must be used.
    """
    with call.transaction() as txn:
        before = txn.get(Approval, call.subject_id)
        after = decisions.expire(before, at=call.now, decision_version=event.decision_version)
        if after is not before:
            txn.save(after, ApprovalExpired.of(after))
        elif windows.holds(before, event.decision_version):
            schedule_next(txn, before, at=call.now)
