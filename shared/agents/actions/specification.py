"""Stage 1: what is asked for, and whether it may be made at all."""

from shared.agents.events.lifecycle import AgentCreated
from shared.agents.events.workflows import WorkflowStarted
from shared.agents.models.agents import Agent
from shared.agents.models.requests import NewAgent
from shared.agents.models.runs import PipelineRun
from shared.agents.rules import composition, pipeline
from shared.agents.rules.composition import Composition
from shared.constitution import amended
from shared.entity import Id, Value
from shared.errors import Conflict, ConstitutionalAlignment, Invalid
from shared.genesis.models.job_roles import JobRole
from shared.names import TakenName, name_id
from shared.operation import Call
from shared.store import Transaction
from shared.texts import alike


class Begun(Value):
    """An agent that is to be made, and the workflow that makes it."""

    agent: Agent
    """The agent, a draft until its pipeline has come to an end."""
    workflow_id: Id
    """The run of the pipeline that makes it; ask `/v1/workflows/{workflow_id}` how far it is."""


def taken_id(name: str) -> str:
    """Return the id of the record that holds an agent's name."""
    return name_id("agent", f"name|{alike(name)}")


def named(txn: Transaction, name: str, *, holder: str) -> None:
    """
    Let an agent have a name; one that was refused for good and serves nobody gives it up.

    Raises:
        Conflict: Another agent has it.
    """
    id = taken_id(name)
    taken = txn.get_or_none(TakenName, id)
    if taken is None:
        txn.create(TakenName(id=id, holder=holder))
    elif taken.holder != holder:
        other = txn.get_or_none(Agent, taken.holder)
        if other is not None and other.status != "rejected":
            raise Conflict(
                f"an agent named {other.name!r} exists already, {other.id}; choose another name",
                rule="duplicate_entity",
            )
        txn.save(taken.model_copy(update={"holder": holder}))


def specified(call: Call, body: NewAgent, parts: Composition) -> Agent:
    """Return the agent that is asked for, as a draft."""
    agent = Agent(
        id=call.new_id(),
        tenant_id=call.tenant,
        created_at=call.now,
        updated_at=call.now,
        governance_agent_id=body.governance_agent_id,
        name=body.name,
        industry_id=body.industry_id,
        industry_code=parts.industry.code,
        workflow_id=call.new_id(),
        creation_stage=2,
        initiated_by=call.actor.id,
        **body.content(),
    )
    return amended(agent)


def check(agent: Agent, parts: Composition, graph: dict[str, tuple[str, ...]]) -> None:
    """
    Make sure that an agent may be made of these parts.

    Raises:
        Invalid: A part is not certified, or its dependencies go round in a circle.
        ConstitutionalAlignment: It would break the constitution.
    """
    uncertified = composition.uncertified(parts)
    if uncertified:
        raise Invalid(uncertified[0].message, violations=uncertified)
    if composition.cyclic(graph, agent.id):
        raise Invalid("the agents it depends on depend on each other", rule="dependency_cycle")
    broken = (*agent.broken, *composition.specification_violations(agent, parts))
    if broken:
        raise ConstitutionalAlignment(broken[0].message, violations=broken)


def begun(txn: Transaction, call: Call, agent: Agent, role: JobRole) -> PipelineRun:
    """Keep the new run of the pipeline that makes an agent, with its author's turn next."""
    run = pipeline.opened(
        id=agent.workflow_id,
        agent_id=agent.id,
        job_role=role.external_id or role.id,
        governance_agent_id=agent.governance_agent_id,
        tenant=call.tenant,
        by=call.actor,
        at=call.now,
    )
    started = WorkflowStarted(
        agent_id=agent.id, kind=run.kind, definition_version=run.definition_version
    )
    return txn.create(run, started)


def created(agent: Agent) -> AgentCreated:
    """Return the event of a new agent."""
    return AgentCreated(
        name=agent.name,
        industry_id=agent.industry_id,
        job_role_id=agent.job_role_id,
        skills=agent.skills,
        governance_agent_id=agent.governance_agent_id,
        workflow_id=agent.workflow_id,
    )
