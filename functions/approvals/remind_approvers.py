from shared.approvals.actions.telling import tell_of_waiting, told_at
from shared.approvals.actions.timers import schedule_next
from shared.approvals.events.lifecycle import ApprovalEscalated, ApprovalMark, ApprovalReleased
from shared.approvals.models.approvals import Approval
from shared.approvals.rules import delegation, windows
from shared.approvals.rules.transitions import shown
from shared.reaction import ReactionCall, reaction


@reaction(due=ApprovalMark)
def remind_approvers(call: ReactionCall, event: ApprovalMark) -> None:
    """
    Ask the next level when half of the time is over, and again when four fifths are.

    Each mark leads to the next, and the last one to the deadline, which no mark ever moves; where it was
    approved meanwhile, to the end of the time in which that must be used. What is still held back is shown at
    its first mark, room or not: else it would expire unseen.
    """
    with call.transaction() as txn:
        before = txn.get(Approval, call.subject_id)
        if not windows.holds(before, event.decision_version):
            return
        after = delegation.remind(
            before,
            by=call.actor,
            at=call.now,
            decision_version=event.decision_version,
            told_at=told_at(call, txn, before)
            if before.open and delegation.stands_in(before, call.now)
            else None,
        )
        told = ApprovalReleased() if after is before else ApprovalEscalated.of(after)
        if before.open and before.held_back:
            tell_of_waiting(call, txn, before)
            after = shown(after)
        if after is not before:
            after = txn.save(after, told)
        schedule_next(txn, after, at=call.now)
