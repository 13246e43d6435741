from shared.agents import composition, pipeline, specifying
from shared.agents.models import Agent
from shared.agents.runs import WorkflowStarted
from shared.agents.specifying import NewAgent
from shared.entity import Id, Value
from shared.errors import Conflict
from shared.genesis.models import TakenName
from shared.identity import PLATFORM, Scope
from shared.operation import Call, operation


class Begun(Value):
    """A new agent, and the workflow that makes it."""

    agent: Agent
    """The new agent, a draft until its pipeline has come to an end."""
    workflow_id: Id
    """The run of the pipeline that makes it; ask `/v1/workflows/{workflow_id}` how far it is."""


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
        taken = specifying.taken_id(body.name)
        if txn.peek(TakenName, taken) is not None:
            raise Conflict(f"an agent named {body.name!r} exists already", rule="duplicate_entity")
        agent = specifying.specified(call, body, parts)
        graph = composition.dependencies(txn, agent)
        specifying.check(agent, parts, graph)
        run = pipeline.opened(
            id=agent.workflow_id,
            agent_id=agent.id,
            governance_agent_id=agent.governance_agent_id,
            tenant=call.tenant,
            by=call.actor,
            at=call.now,
        )
        txn.create(TakenName(id=taken, holder=agent.id))
        txn.create(
            run,
            WorkflowStarted(
                agent_id=agent.id, kind=run.kind, definition_version=run.definition_version
            ),
        )
        agent = txn.create(agent, specifying.created(agent))
    return Begun(agent=agent, workflow_id=run.id)
