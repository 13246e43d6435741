from shared.actors import PLATFORM, Scope
from shared.agents.actions import objections
from shared.agents.models.agents import Agent
from shared.agents.models.runs import PipelineRun
from shared.agents.rules import timeline
from shared.agents.rules.timeline import Timeline
from shared.approvals.models.approvals import Approval
from shared.entity import Id
from shared.operation import Call, operation


@operation(
    "GET",
    "/v1/agents/{agent_id}/pipeline",
    scopes={Scope.PLATFORM_READ},
    audited=False,
    tenant=PLATFORM,
)
def get_pipeline(call: Call, agent_id: Id) -> Timeline:
    """Return how far the pipeline of an agent is, stage by stage, and what came of it by whose word."""
    with call.transaction() as txn:
        agent = txn.get(Agent, agent_id)
        run = txn.get(PipelineRun, agent.workflow_id)
        approval = txn.get_or_none(Approval, run.approval_id) if run.approval_id else None
        veto = objections.against(txn, run, approval)
        return timeline.of(agent, run, approval, veto)
