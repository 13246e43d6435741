from shared.agents.actions import breakdown
from shared.agents.events.workflows import RunStranded
from shared.agents.models.agents import Agent
from shared.agents.models.runs import PipelineRun
from shared.platform.actions import incidents
from shared.platform.models.incidents import IncidentReport
from shared.reaction import ReactionCall, reaction


@reaction(due=RunStranded)
def end_stranded_run(call: ReactionCall, event: RunStranded) -> None:
    """End a run that nobody carries out any more, and put that into the hands of whoever started it."""
    with call.transaction() as txn:
        run = txn.get(PipelineRun, call.subject_id)
        if run.over or run.execution != event.execution:
            return
        agent = txn.get(Agent, run.agent_id)
        report = IncidentReport(
            title="A workflow is gone",
            description=f"Nobody carries out the making of {agent.name} any more, at stage"
            f" {run.current_stage}. It was ended, and nothing of it is in service.",
            type="agent_failure",
            severity="high",
            affected_services=("workflow_engine",),
            affected_agents=(agent.id,),
        )
        incident = incidents.assignment(txn, call.subject)
        breakdown.broken_down(txn, call, run.id, "its execution is gone")
        incident.keep(report, call, owner=run.initiated_by)
