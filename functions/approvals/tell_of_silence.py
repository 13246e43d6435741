from shared.approvals.events import ApprovalExpired
from shared.approvals.models import Approval
from shared.approvals.windows import TOLD_OF_SILENCE
from shared.mobile.notices import notice, tell
from shared.reaction import Reaching, reaction


@reaction(on=ApprovalExpired)
def tell_of_silence(call: Reaching, _: ApprovalExpired) -> None:
    """Tell those whom it concerns that nobody answered, so that nothing happens."""
    with call.transaction() as txn:
        approval = txn.get(Approval, call.subject_id)
        besides, meaning = TOLD_OF_SILENCE[approval.type]
        told = dict.fromkeys((*sorted(approval.askers), approval.governor, *besides))
        tell(
            txn,
            *(
                notice(
                    "approval_pending",
                    tenant=call.tenant,
                    audience=audience,
                    subject=call.subject,
                    title=f"Expired: {approval.title}",
                    body=meaning,
                    at=call.now,
                    occasion="expired",
                    critical=approval.risk in {"high", "critical"},
                )
                for audience in told
            ),
        )
