"""Stage 1: what is asked for, and whether it may be made at all."""

from typing import Annotated

from pydantic import ConfigDict, Field

from shared.agents import composition, examples
from shared.agents.composition import Composition
from shared.agents.models import Agent, AgentCreated
from shared.agents.parts import AgentDependency, Specification
from shared.constitution import amended
from shared.entity import Id, Name, Opaque, Text, Value
from shared.errors import ConstitutionalAlignment, Invalid
from shared.genesis.models import name_id
from shared.genesis.parts import DataAccess
from shared.manifests.models import Items
from shared.manifests.models import Scope as Boundaries
from shared.operation import Call
from shared.texts import alike


class NewAgent(Value):
    """What an agent is to be: the input of the pipeline's first stage."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.agent()]})

    name: Name
    """What people will call it; no two agents have one name."""
    purpose: Text
    """What it is for, in a few sentences."""
    industry_id: Id
    """The `id` of a certified industry."""
    job_role_id: Id
    """The `id` of a certified job role of that industry."""
    skills: Annotated[tuple[Id, ...], Field(min_length=1, max_length=20)]
    """The `id` of every skill that the job role requires, each certified; and of its optional ones, as you like."""
    governance_agent_id: Annotated[Opaque, Field(min_length=1, max_length=160)]
    """Who it answers to: `genesis`, `governor`, or `engagement_governor:` and an engagement."""
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


def taken_id(name: str) -> str:
    """Return the id of the record that holds an agent's name."""
    return name_id("agent", f"name|{alike(name)}")


def specified(call: Call, body: NewAgent, parts: Composition) -> Agent:
    """Return the agent that is asked for, as a draft."""
    agent = Agent(
        id=call.new_id(),
        tenant_id=call.tenant,
        created_at=call.now,
        updated_at=call.now,
        governance_agent_id=body.governance_agent_id,
        name=body.name,
        purpose=body.purpose,
        industry_id=body.industry_id,
        industry_code=parts.industry.code,
        job_role_id=body.job_role_id,
        skills=body.skills,
        workflow_id=call.new_id(),
        creation_stage=2,
        specification=Specification(
            scope_boundaries=body.scope_boundaries,
            required_capabilities=body.required_capabilities,
            data_access_requirements=body.data_access_requirements,
            external_systems=body.external_systems,
        ),
        trial_enabled=body.trial_enabled,
        trial_mode_sandbox_url=body.trial_mode_sandbox_url,
        depends_on=body.depends_on,
        initiated_by=call.actor.id,
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
