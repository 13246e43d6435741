from shared.actors import PLATFORM
from shared.approvals.events.lifecycle import ApprovalRequested
from shared.approvals.models.approvals import Approval
from shared.precedents.actions.reading import OF_THE_PLATFORM, of_class
from shared.precedents.events import SeedMatched
from shared.precedents.models.seeds import Prediction
from shared.precedents.rules import counting, judgements
from shared.precedents.rules.matching import eligible, predicts
from shared.reaction import ReactionCall, reaction


@reaction(on=ApprovalRequested)
def predict_approval(call: ReactionCall, event: ApprovalRequested) -> None:  # noqa: ARG001
    """
    Have the seeds in shadow say what they would answer to a request that a person decides.

    They never decide anything; what people answer is compared with it. Where the answer was here first, it
    is compared at once: which of the two arrives first makes no difference.
    """
    with call.transaction() as own, call.within(PLATFORM, OF_THE_PLATFORM) as txn:
        approval = own.get(Approval, call.subject_id)
        if not eligible(approval):
            return
        answer = judgements.answered(approval)
        loosely = txn.loosely(
            "a seed that comes into shadow meanwhile predicts from the next request on"
        )
        seeds = of_class(loosely, approval, status="shadow")
        approves = {one.id: predicts(one, approval, tenant=approval.tenant_id) for one in seeds}
        # Who hears of an answer now finds no prediction yet: if there is another answer, this runs again.
        own.hold(approval)
        for seed in seeds:
            would = approves[seed.id]
            told = SeedMatched(approval_id=approval.id, mode="shadow", would_have_approved=would)
            predicted = txn.save(counting.predicted(seed, approves=would, at=call.now), told)
            if answer is not None:
                txn.save(*judgements.compared(predicted, approval.id, answer, would=would))
        if approves and answer in {None, "granted"}:
            told_of = answer is not None
            txn.save(Prediction(id=approval.id, approves=approves, answered=told_of))
