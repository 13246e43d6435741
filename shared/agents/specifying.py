"""Stage 1: what is asked for, and whether it may be made at all."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from shared.agents import composition, examples, pipeline
from shared.agents.composition import Composition
from shared.agents.models import Agent, AgentCreated
from shared.agents.parts import AgentDependency, Specification
from shared.agents.runs import PipelineRun, WorkflowStarted
from shared.constitution import amended
from shared.entity import Id, Name, Opaque, Text, Value
from shared.errors import Conflict, ConstitutionalAlignment, Invalid
from shared.genesis.models import JobRole, TakenName, name_id
from shared.genesis.parts import DataAccess
from shared.manifests.parts import Items
from shared.manifests.parts import Scope as Boundaries
from shared.operation import Call
from shared.store import Transaction
from shared.texts import alike


class AgentContent(Value):
    """What an agent is to do, and what it is made of."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.agent_content()]})

    purpose: Text
    """What it is for, in a few sentences."""
    job_role_id: Id
    """The `id` of a certified job role of its industry."""
    skills: Annotated[tuple[Id, ...], Field(min_length=1, max_length=20)]
    """The `id` of every skill that the job role requires, each certified; and of its optional ones, as you like."""
    scope_boundaries: Boundaries
    """What it is to do, what it leaves alone, and what it refuses."""
    required_capabilities: Items
    """What it must be able to do, one sentence each."""
    data_access_requirements: Annotated[tuple[DataAccess, ...], Field(max_length=50)]
    """Which data it needs, for what, and for how long."""
    external_systems: Items
    """Which outside systems it is to reach."""
    trial_enabled: bool
    """Whether customers may try it."""
    trial_mode_sandbox_url: Annotated[Opaque, Field(max_length=500)] | None = None
    """Where its calls go in a trial; needed where trials are enabled."""
    depends_on: Annotated[tuple[AgentDependency, ...], Field(max_length=20)] = ()
    """Other agents that it leans on; no circles."""

    def content(self) -> dict[str, Any]:
        """Return the members of the agent."""
        return {
            "purpose": self.purpose,
            "job_role_id": self.job_role_id,
            "skills": self.skills,
            "specification": Specification(
                scope_boundaries=self.scope_boundaries,
                required_capabilities=self.required_capabilities,
                data_access_requirements=self.data_access_requirements,
                external_systems=self.external_systems,
            ),
            "trial_enabled": self.trial_enabled,
            "trial_mode_sandbox_url": self.trial_mode_sandbox_url,
            "depends_on": self.depends_on,
        }


class NewAgent(AgentContent):
    """What an agent is to be: the input of the pipeline's first stage."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.agent()]})

    name: Name
    """What people will call it; no two agents have one name."""
    industry_id: Id
    """The `id` of a certified industry."""
    governance_agent_id: Annotated[Opaque, Field(min_length=1, max_length=160)]
    """Who it answers to: `genesis`, `governor`, or `engagement_governor:` and an engagement."""


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
    taken = txn.peek(TakenName, id)
    if taken is None:
        txn.create(TakenName(id=id, holder=holder))
    elif taken.holder != holder:
        other = txn.peek(Agent, taken.holder)
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
    broken = (*agent.violations(), *composition.specification_violations(agent, parts))
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
