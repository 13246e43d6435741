"""Job roles, and the predicates that they obey."""

from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.constitution import wild
from shared.entity import Id, Value
from shared.errors import Violation
from shared.genesis.models.catalogue import CatalogueEntity
from shared.genesis.models.parts import (
    ApprovalType,
    IndustryCode,
    Key,
    Line,
    Lines,
    Summary,
)
from shared.handling import PersonalData
from shared.judged import Exact
from shared.principles import breach
from shared.texts import alike

MAX_SKILLS = 10
FEW_SKILLS = 3
MIN_CAN_DO = 5
MIN_CANNOT_DO = 3
APPROVERS = frozenset({"governor", "engagement_governor"})

PRICES_INR = {"generic": 8_000, "specialized": 12_000, "expert": 18_000}
"""What a role costs a month unless it says otherwise."""


class ToolAuthorization(Value):
    """A tool that the role may use, how, and why."""

    tool_id: Key
    """Which tool, by key."""
    tool_type: Literal["api", "database", "service", "external_platform"]
    """What kind of tool it is."""
    scope: Literal["read", "write", "admin"]
    """How far it may be used."""
    purpose: Line
    """What for."""


class ConfirmationGate(Value):
    """An action that waits for somebody's approval: a tool's id, or one of its operations."""

    action: Key
    """The id of a tool, or one of its operations."""
    approver_role: Key
    """Who is asked."""
    approval_type: ApprovalType
    """What kind of approval it waits for."""


class Completion(Value):
    """When a trial of the role counts as a success."""

    trial_days: Annotated[Literal[7], Exact] = 7
    """How many days a trial lasts."""
    success_metrics: Annotated[Lines, Field(min_length=1)]
    """What must be reached in them."""


class JobRoleFields(Value):
    """What somebody says about a job role."""

    personal: ClassVar = PersonalData(
        nobody="can_do cannot_do tool_authorizations confirmation_gates validation_criteria completion_criteria"
    )

    industry_id: Id
    """The `id` of its certified industry."""
    geography: tuple[Literal["north_america", "europe", "india", "global"], ...] = Field(
        min_length=1, max_length=4
    )
    """Where it may work."""
    seniority_level: Literal["junior", "mid", "senior"]
    """How experienced whoever does it is."""
    required_skills: tuple[Id, ...] = Field(max_length=20)
    """The `id` of every skill that an agent of this role must have; each certified."""
    optional_skills: tuple[Id, ...] = Field((), max_length=20)
    """The `id` of skills that it may have besides."""
    can_do: Lines
    """What it does, one sentence each."""
    cannot_do: Lines
    """
    What it never does, one sentence each; every way of working repeats them word for word among what is out of
    scope.
    """
    tool_authorizations: tuple[ToolAuthorization, ...] = Field((), max_length=50)
    """Which tools it may use, and how far."""
    confirmation_gates: tuple[ConfirmationGate, ...] = Field((), max_length=50)
    """Which acts wait for somebody's approval."""
    validation_criteria: Lines = ()
    """How one sees that the work is good."""
    completion_criteria: Completion
    """When a trial of it counts as a success."""
    agent_count: Annotated[Literal[1, 3, 4, 5], Exact] = 1
    """How many agents do it together."""
    requires_manager: bool = False
    """Whether one of them leads."""
    coordination_complexity: Literal["simple", "moderate", "complex"] = "simple"
    """How much they must agree with each other."""
    expertise_level: Literal["generic", "specialized", "expert"] = "generic"
    """How much it must know about its industry."""
    sensitivity: tuple[Literal["pii", "money", "legal", "child_facing"], ...] = Field(
        (), max_length=4
    )
    """Why the Governor must agree, beyond what skills, gates and industry say by themselves."""

    @property
    def all_skills(self) -> tuple[str, ...]:
        """The required skills, then the optional ones."""
        return (*self.required_skills, *self.optional_skills)


class JobRole(JobRoleFields, CatalogueEntity):
    """A job role: the skills it takes, what it may do, and what it may never do."""

    collection: ClassVar[str] = "job_roles"
    prefix: ClassVar[str] = "JOB"
    noun: ClassVar[str] = "a job role"
    path: ClassVar[str] = "/v1/genesis/job-roles"

    entity_type: Literal["job_role"] = "job_role"
    """What kind of entity this is."""
    description: Summary
    """What it is, in a few sentences."""
    industry_code: IndustryCode
    """By which its industry is cited, such as HC."""
    base_price_inr: int = Field(ge=8_000, le=50_000)
    """What it costs a month before discounts, in rupees."""

    @property
    def sector(self) -> str:
        """By which its industry is cited, such as HC."""
        return self.industry_code

    @property
    def names(self) -> tuple[str, ...]:
        """Its name."""
        return (f"name|{alike(self.name)}",)

    @property
    def ungated(self) -> tuple[str, ...]:
        """The tools that can change something and that no confirmation gate names."""
        gates = {gate.action for gate in self.confirmation_gates}
        return tuple(
            tool.tool_id
            for tool in self.tool_authorizations
            if tool.scope != "read"
            and not any(g == tool.tool_id or g.startswith(f"{tool.tool_id}.") for g in gates)
        )

    def due_always(self) -> Iterable[Violation]:
        """Judge L0-01 to L0-04 and L1-JOBROLE-01."""
        if (self.agent_count == 1) == self.requires_manager:
            yield breach("L0-01", "a role of one has no manager and a team has one", "agent_count")
        for gate in self.confirmation_gates:
            if gate.approver_role not in APPROVERS:
                yield breach(
                    "L0-01", f"{gate.approver_role} approves nothing", "confirmation_gates"
                )
        if not self.required_skills:
            yield breach("L1-JOBROLE-01", "required_skills is empty", "required_skills")
        if len(self.required_skills) > MAX_SKILLS:
            yield breach("L0-02", f"more than {MAX_SKILLS} required_skills", "required_skills")
        can = set(map(alike, self.can_do))
        if both := sorted(can & set(map(alike, self.cannot_do))):
            yield breach("L0-02", f"can_do and cannot_do both name {both[0]}", "can_do")
        for tool in self.ungated:
            yield breach("L0-03", f"no confirmation gate names {tool}", "confirmation_gates")
        if wild(tool.tool_id for tool in self.tool_authorizations) or wild(self.can_do):
            yield breach("L0-04", "tool_authorizations and can_do take no wildcard")

    def due_at_certification(self) -> Iterable[Violation]:
        """Judge the rest of L0-02."""
        if len(self.can_do) < MIN_CAN_DO:
            yield breach("L0-02", f"can_do has fewer than {MIN_CAN_DO} entries", "can_do")
        if len(self.cannot_do) < MIN_CANNOT_DO:
            yield breach("L0-02", f"cannot_do has fewer than {MIN_CANNOT_DO} entries", "cannot_do")

    def hints(self) -> Iterable[Violation]:
        """Say what few skills mean."""
        if 0 < len(self.required_skills) < FEW_SKILLS:
            yield breach("W-ROLE-01", f"fewer than {FEW_SKILLS} required_skills", "required_skills")
