from shared.actors import PLATFORM, Scope
from shared.agents.actions import gathering, specification
from shared.agents.actions.specification import Begun
from shared.agents.events.lifecycle import AgentRevised
from shared.agents.models.agents import Agent
from shared.agents.models.requests import AgentContent
from shared.agents.models.runs import PipelineRun
from shared.agents.rules import lifecycle
from shared.answers import Created
from shared.entity import Id
from shared.operation import Call, operation


@operation(
    "POST",
    "/v1/agents/{agent_id}/revise",
    scopes={Scope.AGENTS_WRITE},
    tenant=PLATFORM,
)
def revise_agent(call: Call, agent_id: Id, body: AgentContent) -> Created[Begun]:
    """
    Specify an agent again that was refused, vetoed or rolled back, and start its pipeline anew.

    It keeps its name, its industry and its history. Every stage is passed again, as everything that was
    found and approved before is void. What has a release in service is changed by a new version instead.
    """
    with call.transaction() as txn:
        before = txn.get(Agent, agent_id)
        parts = gathering.gathered(
            txn, industry_id=before.industry_id, job_role_id=body.job_role_id, skills=body.skills
        )
        ended = txn.get(PipelineRun, before.workflow_id)
        agent = lifecycle.revised(before, ended, body.content(), workflow=call.new_id())
        specification.check(agent, parts, gathering.dependencies(txn, agent))
        specification.named(txn, agent.name, holder=agent.id)
        run = specification.begun(txn, call, agent, parts.job_role)
        told = AgentRevised(
            workflow_id=run.id,
            workflow_before=ended.id,
            from_state=before.status,
            job_role_id=agent.job_role_id,
            skills=agent.skills,
        )
        agent = txn.save(agent, told)
    return Created(f"/v1/workflows/{run.id}", Begun(agent=agent, workflow_id=run.id))
