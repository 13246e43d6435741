from shared.approvals import rules
from shared.approvals.events import ApprovalDeadline, ApprovalExpired
from shared.approvals.models import Approval
from shared.reaction import Reaching, reaction


@reaction(due=ApprovalDeadline)
def expire_approval(call: Reaching, event: ApprovalDeadline) -> None:
    """
    Let an approval expire whose time is over.

    Silence is never consent. A deadline that was set before the last change has no effect: an answer
    sets another one, by which what was approved must be used.
    """
    with call.transaction() as txn:
        before = txn.get(Approval, call.subject_id)
        after = rules.expire(before, at=call.now, decision_version=event.decision_version)
        if after is not before:
            txn.save(after, ApprovalExpired.of(after))
