from shared.agents import timeline
from shared.agents.models import Agent
from shared.agents.runs import PipelineRun
from shared.agents.timeline import Timeline
from shared.approvals.models import Approval, Veto
from shared.entity import Id
from shared.identity import PLATFORM, Scope
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
        approval = txn.peek(Approval, run.approval_id) if run.approval_id else None
        veto = txn.first(Veto, approval_id=approval.id) if approval and approval.vetoed_at else None
        if veto is None and run.failure_code == "cancelled":
            veto = txn.first(Veto, run_id=run.id)
        return timeline.of(agent, run, approval, veto)
