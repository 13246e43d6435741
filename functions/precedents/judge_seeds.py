from shared.actors import PLATFORM
from shared.approvals.events.lifecycle import (
    ApprovalChangesRequested,
    ApprovalConfirmed,
    ApprovalGranted,
    ApprovalRejected,
)
from shared.approvals.events.vetoes import VetoRecorded
from shared.approvals.models.approvals import Approval
from shared.precedents.actions.reading import OF_THE_PLATFORM
from shared.precedents.models.seeds import PrecedentSeed, Prediction
from shared.precedents.rules import judgements
from shared.reaction import ReactionCall, reaction

Decided = (
    ApprovalGranted | ApprovalRejected | ApprovalChangesRequested | ApprovalConfirmed | VetoRecorded
)


@reaction(
    on=(
        ApprovalGranted,
        ApprovalRejected,
        ApprovalChangesRequested,
        ApprovalConfirmed,
        VetoRecorded,
    )
)
def judge_seeds(call: ReactionCall, event: Decided) -> None:
    """
    Count what became of a request for the seeds that answered it, or said what they would have answered.

    A third objection ends a seed in the commit that counts it. A yes that is vetoed agreed with nobody: what was
    compared with it is compared again.
    """
    approval_id = event.approval_id if isinstance(event, VetoRecorded) else call.subject_id
    if approval_id is None:
        return
    with call.transaction() as own:
        approval = own.get(Approval, approval_id)
    fact = judgements.fact(event, approval)
    with call.within(PLATFORM, OF_THE_PLATFORM) as txn:
        loosely = txn.loosely("a seed keeps its number")
        cited = loosely.all(PrecedentSeed, seed_id=approval.seed_id) if approval.seed_id else ()
        predicted = txn.get_or_none(Prediction, approval_id)
        again = predicted is not None and predicted.answered
        new = fact in judgements.ANSWERS and not (again and fact == "granted")
        expected = predicted.approves if predicted and new else {}
        shadows = [txn.get(PrecedentSeed, id) for id in expected]
        changes = [judgements.cited(seed, approval_id, fact, at=call.now) for seed in cited]
        changes += [
            judgements.compared(seed, approval_id, fact, would=expected[seed.id], again=again)
            for seed in shadows
        ]
        for seed, told in changes:
            txn.save(seed, told)
        if predicted is not None and fact == "granted":
            txn.save(predicted.model_copy(update={"answered": True}))
        elif predicted is not None:
            txn.delete(predicted)
