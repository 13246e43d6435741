from shared.agents.events.lifecycle import AgentPipelineStageCompleted, AgentStateChanged
from shared.agents.rules.replies import WAITED_FOR
from shared.outside import Workflows
from shared.reaction import ReactionCall, reaction
from shared.waiting import Wait


@reaction(on=(AgentPipelineStageCompleted, AgentStateChanged), repeatable=True)
def wake_stage(
    call: ReactionCall, event: AgentPipelineStageCompleted | AgentStateChanged, workflows: Workflows
) -> None:
    """
    Wake the workflow that waits for a stage, when the stage or the whole run has ended.

    The callback is forgotten at the end of the run, and only after it was called, so a failure in
    between leaves nobody asleep.
    """
    if isinstance(event, AgentPipelineStageCompleted) and event.stage not in WAITED_FOR:
        return
    if event.workflow_id is None:
        return
    with call.transaction() as txn:
        waiting = txn.get_or_none(Wait, event.workflow_id)
        if waiting is not None:
            workflows.wake(waiting.url)
            if isinstance(event, AgentStateChanged):
                txn.delete(waiting)
