from shared.actors import Scope
from shared.agents.actions import objections
from shared.agents.models.agents import Agent
from shared.agents.models.runs import PipelineRun
from shared.agents.rules import timeline
from shared.approvals.actions import attention
from shared.approvals.models.approvals import Approval
from shared.approvals.models.records import Attention
from shared.entity import Id
from shared.mobile.rules import details
from shared.mobile.rules.details import ApprovalDetail
from shared.operation import Call, operation


@operation(
    "GET",
    "/v1/mobile/approvals/{approval_id}",
    scopes={Scope.GOVERNANCE_READ},
    audited=False,
    notes=Attention,
)
def get_approval_detail(call: Call, approval_id: Id) -> ApprovalDetail:
    """
    Show everything about a request: its card, the agent's way of working, its reviews, its evidence.

    The phone signs the card, so it is rendered here from what the approval is bound to. That somebody
    who may answer has opened it is noted, the first time.
    """
    with call.transaction() as txn:
        approval = txn.get(Approval, approval_id)
        agent = txn.get_or_none(Agent, approval.agent_id) if approval.agent_id else None
        run = txn.get_or_none(PipelineRun, agent.workflow_id) if agent else None
        settled = txn.get_or_none(Approval, run.approval_id) if run and run.approval_id else None
        veto = objections.against(txn, run, settled) if run else None
        attention.note(txn, approval, by=call.actor, at=call.now)
    pipeline = timeline.of(agent, run, settled, veto) if agent and run else None
    return details.detail(approval, agent, run, pipeline)
