from shared.agents.models import AgentPipelineStageCompleted, AgentStateChanged
from shared.agents.parts import AUTHORING
from shared.agents.pipeline import EVALUATOR
from shared.reaction import Reaching, reaction
from shared.waiting import Wait

WAITED_FOR = (AUTHORING, *EVALUATOR)


@reaction(on=(AgentPipelineStageCompleted, AgentStateChanged))
def wake_stage(call: Reaching, event: AgentPipelineStageCompleted | AgentStateChanged) -> None:
    """
    Wake the workflow that waits for a stage, when the stage or the whole run has ended.

    The callback is forgotten only after it was called, so a failure in between leaves nobody asleep.
    """
    stages = WAITED_FOR if isinstance(event, AgentStateChanged) else (event.stage,)
    with call.transaction() as txn:
        found = [txn.peek(Wait, f"{event.workflow_id}:{stage}") for stage in stages]
        for waiting in found:
            if waiting is not None:
                call.workflows.wake(waiting.url)
                txn.delete(waiting)
