from shared.agents.events.lifecycle import AgentPipelineStageCompleted, AgentStateChanged
from shared.approvals.events.lifecycle import ApprovalCancelled, ApprovalExpired
from shared.approvals.models.approvals import OPEN, Approval, ApprovalStatus
from shared.approvals.models.parts import Why
from shared.approvals.rules import decisions
from shared.queries import OneOf
from shared.reaction import ReactionCall, reaction

LEFT = "The agent is no longer at this stage."


@reaction(on=(AgentPipelineStageCompleted, AgentStateChanged))
def withdraw_approval(
    call: ReactionCall, event: AgentPipelineStageCompleted | AgentStateChanged
) -> None:
    """
    Withdraw what the Governor was asked about an agent that goes back to its author or ends.

    The workflow waits for that answer, so this is also what wakes it. What was approved already and not
    begun is closed as unused.
    """
    ended = isinstance(event, AgentStateChanged) and event.to_state == "rejected"
    back = isinstance(event, AgentPipelineStageCompleted) and event.result == "returned"
    if not (ended or back):
        return
    with call.transaction() as txn:
        left = OneOf((*OPEN, ApprovalStatus.APPROVED))
        found = txn.loosely("what the workflow asks from now on is of its next stage").all(
            Approval, workflow_id=event.workflow_id, status=left
        )
        for before in found:
            if before.open:
                after = decisions.withdraw(before, by=call.actor, at=call.now, reason=LEFT)
                txn.save(after, ApprovalCancelled.of(after))
            elif ended:
                withdrawn = isinstance(event, AgentStateChanged) and event.reason == "cancelled"
                why: Why = "run_ended" if withdrawn else "nobody_waits"
                after = decisions.unused(before, why=why, at=call.now)
                txn.save(after, ApprovalExpired.of(after))
