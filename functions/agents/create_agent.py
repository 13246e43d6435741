from shared.agents import composition, specifying
from shared.agents.requests import NewAgent
from shared.agents.specifying import Begun
from shared.identity import PLATFORM, Scope
from shared.operation import Call, operation


@operation("POST", "/v1/agents", scopes={Scope.AGENTS_WRITE}, status=201, tenant=PLATFORM)
def create_agent(call: Call, body: NewAgent) -> Begun:
    """
    Specify an agent and start the pipeline that makes it.

    The first stage is done at once: what breaks the constitution, or is made of parts that are not
    certified, is refused and leaves nothing behind.
    """
    with call.transaction() as txn:
        parts = composition.gathered(
            txn, industry_id=body.industry_id, job_role_id=body.job_role_id, skills=body.skills
        )
        agent = specifying.specified(call, body, parts)
        graph = composition.dependencies(txn, agent)
        specifying.check(agent, parts, graph)
        specifying.named(txn, agent.name, holder=agent.id)
        run = specifying.begun(txn, call, agent, parts.job_role)
        agent = txn.create(agent, specifying.created(agent))
    return Begun(agent=agent, workflow_id=run.id)
