from shared.approvals.events import ApprovalRequested
from shared.approvals.models import Approval
from shared.identity import PLATFORM
from shared.precedents import counting
from shared.precedents.events import SeedMatched
from shared.precedents.matching import eligible, predicts
from shared.precedents.models import Figures, Prediction
from shared.precedents.reading import OF_THE_PLATFORM, of_class
from shared.reaction import Reaching, reaction


@reaction(on=ApprovalRequested)
def predict_approval(call: Reaching, event: ApprovalRequested) -> None:  # noqa: ARG001
    """
    Have the seeds in shadow say what they would answer to a request that a person decides.

    They never decide anything; what people answer is compared with it.
    """
    with call.transaction() as own:
        approval = own.get(Approval, call.subject_id)
    if not eligible(approval):
        return
    with call.within(PLATFORM, OF_THE_PLATFORM) as txn:
        seeds = of_class(txn, approval, status="shadow")
        shard = counting.shard(approval.id)
        figures = txn.peek(Figures, shard) or Figures(id=shard)
        approves = {one.id: predicts(one, approval, tenant=approval.tenant_id) for one in seeds}
        for seed in seeds:
            would = approves[seed.id]
            told = SeedMatched(approval_id=approval.id, mode="shadow", would_have_approved=would)
            txn.save(counting.predicted(seed, approves=would, at=call.now), told)
        txn.save(counting.counted(figures, call.now, eligible=1))
        if approves:
            txn.save(Prediction(id=approval.id, approves=approves))
