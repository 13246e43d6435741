from shared.agents.events.lifecycle import AgentCreated, AgentRevised
from shared.outside import Workflows
from shared.reaction import ReactionCall, reaction


@reaction(on=(AgentCreated, AgentRevised))
def start_pipeline(
    call: ReactionCall, event: AgentCreated | AgentRevised, workflows: Workflows
) -> None:
    """
    Start the workflow that makes a new agent, or makes one anew.

    A second start does no harm: only one execution can claim the run.
    """
    argument = {
        "workflow_id": event.workflow_id,
        "agent_id": call.subject_id,
        "correlation_id": call.correlation_id,
        "traceparent": call.traceparent or "",
    }
    workflows.start("agent_creation", argument)
