from shared.actors import PLATFORM, Scope
from shared.agents.actions import gathering, specification
from shared.agents.actions.specification import Begun
from shared.agents.models.requests import NewAgent
from shared.answers import Created
from shared.operation import Call, operation


@operation("POST", "/v1/agents", scopes={Scope.AGENTS_WRITE}, tenant=PLATFORM)
def create_agent(call: Call, body: NewAgent) -> Created[Begun]:
    """
    Specify an agent and start the pipeline that makes it.

    The first stage is done at once: what breaks the constitution, or is made of parts that are not
    certified, is refused and leaves nothing behind.
    """
    with call.transaction() as txn:
        parts = gathering.gathered(
            txn, industry_id=body.industry_id, job_role_id=body.job_role_id, skills=body.skills
        )
        agent = specification.specified(call, body, parts)
        graph = gathering.dependencies(txn, agent)
        specification.check(agent, parts, graph)
        specification.named(txn, agent.name, holder=agent.id)
        run = specification.begun(txn, call, agent, parts.job_role)
        agent = txn.create(agent, specification.created(agent))
    return Created(f"/v1/agents/{agent.id}", Begun(agent=agent, workflow_id=run.id))
