from shared.approvals.events.lifecycle import ApprovalExpired
from shared.approvals.models.approvals import Approval
from shared.approvals.rules.windows import NOTHING_BEGAN, TOLD_OF_SILENCE, silence
from shared.notifications.actions.telling import tell_each
from shared.notifications.rules.notices import notice, saying
from shared.reaction import ReactionCall, reaction


@reaction(on=ApprovalExpired)
def tell_of_silence(call: ReactionCall, _: ApprovalExpired) -> None:
    """Tell those whom it concerns that the answer did not come in time, or nobody began what was approved: nothing happens."""
    with call.transaction() as txn:
        approval = txn.get(Approval, call.subject_id)
        lost = approval.unused
        besides, meaning = TOLD_OF_SILENCE[approval.type][0], silence(approval)
        if lost is not None:
            besides, meaning = (), NOTHING_BEGAN[lost.why]
        askers = (*sorted(approval.askers), *([lost.owner] if lost else []))
        notices = []
        told = dict.fromkeys((*askers, approval.governor, *besides))
        for audience in told:
            one = notice(
                "approval_pending",
                tenant=call.tenant,
                audience=audience,
                subject=call.subject,
                title=f"{'Not begun' if lost else 'Expired'}: {approval.title}",
                body=meaning,
                at=call.now,
                occasion="expired",
                critical=approval.risk in {"high", "critical"},
            )
            notices.append(saying("unused" if lost else "unanswered", one))
        tell_each(call, txn, *notices)
