from pydantic import ConfigDict

from shared.actors import PLATFORM, Scope
from shared.agents.actions import asking
from shared.agents.actions.makers import made_by
from shared.agents.actions.publishing import publish
from shared.agents.models.agents import Agent
from shared.agents.models.runs import PipelineRun
from shared.agents.rules import lifecycle, questions
from shared.approvals.events.use import ApprovalConsumed
from shared.approvals.models.approvals import Approval
from shared.approvals.rules import binding
from shared.entity import Id, Value
from shared.evidence import ApprovalRef
from shared.examples import REACTIVATION
from shared.manifests.models.manifests import Manifest
from shared.operation import Call, operation


class Reactivation(Value):
    """The approval that an agent's reactivation rests on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"approval_id": REACTIVATION}]})

    approval_id: Id
    """An approval of the reactivation by the Governor, granted and not used yet."""


@operation(
    "POST",
    "/v1/agents/{agent_id}/resume",
    scopes={Scope.AGENTS_DECIDE},
    tenant=PLATFORM,
)
def resume_agent(call: Call, agent_id: Id, body: Reactivation) -> Agent:
    """
    Put a suspended agent back in service, under the Governor's approval of exactly that.

    The approval was only asked for with the root cause, the remediation, a test and the clearance by
    Genesis; it is used up here. The agent is watched closely for a week.
    """
    with call.transaction() as txn:
        before = txn.get(Agent, agent_id)
        manifest = txn.get(Manifest, agent_id)
        approval = txn.named(Approval, body.approval_id, field="approval_id")
        who = made_by(before, manifest)
        after = lifecycle.resumed(before, by=call.actor, makers=who, at=call.now)
        role = asking.job_role(txn, txn.get(PipelineRun, before.workflow_id), before)
        used = binding.consume(
            approval,
            by=questions.reactivated_by(before),
            question=questions.reactivation(before, manifest, job_role=role),
            at=call.now,
        )
        under = ApprovalRef(approval_id=approval.id, action_digest=approval.action_digest)
        txn.save(used, ApprovalConsumed.of(used))
        publish(txn, manifest, under)
        by = lifecycle.decided_by(call.actor)
        told = lifecycle.changed(before, after, by=by, reason="reactivation approved")
        return txn.save(after, told, approval=under)
