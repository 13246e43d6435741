from shared.approvals.actions import noes
from shared.approvals.events.questions import RefusalCarriedFurther
from shared.approvals.models.approvals import Approval
from shared.reaction import ReactionCall, reaction


@reaction(due=RefusalCarriedFurther)
def carry_refusal_further(call: ReactionCall, _: RefusalCarriedFurther) -> None:
    """Go on carrying a no, where it stands against more than one commit closes."""
    with call.transaction() as txn:
        noes.carry(call, txn, txn.get(Approval, call.subject_id))
