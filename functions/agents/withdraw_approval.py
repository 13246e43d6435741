from shared.agents.models import AgentPipelineStageCompleted, AgentStateChanged
from shared.approvals import rules
from shared.approvals.events import ApprovalCancelled
from shared.approvals.models import OPEN, Approval
from shared.queries import OneOf
from shared.reaction import Reaching, reaction


@reaction(on=(AgentPipelineStageCompleted, AgentStateChanged))
def withdraw_approval(
    call: Reaching, event: AgentPipelineStageCompleted | AgentStateChanged
) -> None:
    """
    Withdraw what the Governor was asked about an agent that goes back to its author or ends.

    The workflow waits for that answer, so this is also what wakes it.
    """
    ended = isinstance(event, AgentStateChanged) and event.to_state == "rejected"
    back = isinstance(event, AgentPipelineStageCompleted) and event.result == "returned"
    if not (ended or back):
        return
    with call.transaction() as txn:
        open_now = txn.loosely("what the workflow asks from now on is of its next stage").all(
            Approval, workflow_id=event.workflow_id, status=OneOf(OPEN)
        )
        for before in open_now:
            after = rules.withdraw(
                before, by=call.actor, at=call.now, reason="The agent is no longer at this stage."
            )
            txn.save(after, ApprovalCancelled.of(after))
