from shared.agents.actions import breakdown
from shared.agents.models.runs import PipelineRun
from shared.agents.rules import questions
from shared.approvals.events.lifecycle import ApprovalExpired
from shared.approvals.models.approvals import Approval
from shared.reaction import ReactionCall, reaction


@reaction(on=ApprovalExpired)
def end_unstarted(call: ReactionCall, event: ApprovalExpired) -> None:
    """End a run whose release was approved and not begun in its time: nothing of it starts later."""
    if event.unused is None:
        return
    with call.transaction() as txn:
        approval = txn.get(Approval, call.subject_id)
        run = txn.get_or_none(PipelineRun, approval.workflow_id) if approval.workflow_id else None
        if run is not None and not run.over and questions.about(approval, run):
            breakdown.broken_down(txn, call, run.id, "what was approved was not begun in its time")
