"""Skills, and the predicates that they obey."""

from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.constitution import APPROVAL_TYPES, GOVERNANCE_RESOURCES, Json16, wild
from shared.entity import Name, Shown, Text, Value
from shared.errors import Violation
from shared.genesis.models import schemas
from shared.genesis.models.catalogue import CatalogueEntity
from shared.genesis.models.parts import (
    ApprovalType,
    DataAccess,
    IndustryCode,
    Key,
    Keys,
    Line,
    Lines,
    Risk,
)
from shared.handling import PersonalData
from shared.principles import breach
from shared.texts import alike

MANDATORY_EVENTS = frozenset({"skill.started", "skill.completed", "skill.failed"})


class ThinkPhase(Value):
    """What a skill asks and checks before it acts."""

    constitutional_queries: Annotated[tuple[Line, ...], Field(min_length=1, max_length=10)]
    """What it asks the constitution before it acts."""
    precedent_checks: Lines = ()
    """Which precedents it looks for."""
    input_rules: Lines = ()
    """What must hold of its input."""
    risk: Risk = "low"
    """How risky it is."""
    cost_estimate_micro_usd: int = Field(0, ge=0, le=1_000_000_000)
    """What one run costs, in millionths of a US dollar."""


class Step(Value):
    """One step of acting."""

    n: int = Field(ge=1, le=100)
    """Its number, from 1 without gaps: decision rights name it `<skill_key>.<n>`."""
    description: Line
    """What is done."""
    type: Literal[
        "api_call", "database_write", "file_operation", "computation", "external_communication"
    ]
    """What kind of act it is."""
    target: Key
    """What it acts on: a tool or a resource, by key."""
    external_effect: bool = False
    """Whether anything outside the platform changes."""
    reversibility: Literal["reversible", "delayed", "irreversible"] = "reversible"
    """Whether it can be taken back."""
    rollback: Shown = Field("", max_length=500)
    """How it is taken back; empty where there is nothing to take back."""


class ActPhase(Value):
    """What a skill does."""

    steps: tuple[Step, ...] = Field(max_length=50)
    """What is done, in order."""
    idempotent: bool = False
    """Whether doing it twice is doing it once."""
    timeout_seconds: int = Field(ge=1, le=600)
    """After how many seconds it is given up."""
    checkpoint_interval_seconds: int | None = Field(None, ge=1, le=86_400)
    """How often it writes down how far it is; null where it is too short for that."""


class FailureMode(Value):
    """How a skill can fail, and what then happens."""

    mode: Line
    """How it can fail."""
    error_code: Key
    """What that is called, for programs."""
    recovery: Literal["retry", "escalate", "rollback", "skip"]
    """What then happens."""


class ObservePhase(Value):
    """How a skill knows whether it succeeded."""

    success_criteria: Annotated[tuple[Line, ...], Field(min_length=1, max_length=50)]
    """How it sees that it succeeded."""
    logged_events: Keys = ()
    """What it logs; `skill.started`, `skill.completed` and `skill.failed` are mandatory."""
    failure_modes: tuple[FailureMode, ...] = Field((), max_length=50)
    """How it can fail, and what then happens."""


class ApprovalGate(Value):
    """The approval that a step waits for."""

    step_n: int = Field(ge=1, le=100)
    """The number of the step that waits."""
    approval_type: ApprovalType
    """What kind of approval it waits for."""


class Sample(Value):
    """An input and the output it should give, to hold the schemas against."""

    name: Name
    """What is tried."""
    input: Json16
    """An input that the input schema takes."""
    output: Json16
    """The output it should give, which the output schema takes."""


class SkillFields(Value):
    """What somebody says about a skill."""

    personal: ClassVar = PersonalData(
        nobody="purpose think_phase act_phase observe_phase approval_gates tool_requirements data_access input_schema output_schema goal_schema samples"
    )

    category: Literal["technical", "soft_skill", "domain_expertise", "certification"]
    """What kind of skill it is."""
    purpose: Text
    """What it is for, in a few sentences."""
    industry_code: IndustryCode
    """The code of the industry it is for."""
    function: (
        Literal["research", "write", "analyze", "design", "code", "test", "deploy", "communicate"]
        | None
    ) = None
    """What it does in general; null where it fits none of these."""
    think_phase: ThinkPhase
    """What it asks and checks before it acts."""
    act_phase: ActPhase
    """What it does, step by step."""
    observe_phase: ObservePhase
    """How it sees whether it succeeded."""
    components: tuple[Literal["connector", "pump", "processor", "publisher", "validator"], ...] = (
        Field((), max_length=20)
    )
    """Which kinds of component it is made of."""
    approval_gates: tuple[ApprovalGate, ...] = Field((), max_length=50)
    """Which of its steps wait for an approval."""
    autonomy_level: Literal["100%", "90%", "50%"]
    """How much of it goes on without a person."""
    tool_requirements: Keys
    """Which tools it needs, by key."""
    data_access: tuple[DataAccess, ...] = Field((), max_length=30)
    """Which data it touches, for what, and for how long."""
    input_schema: Json16
    """What it takes: a JSON Schema (draft 2020-12) without references and patterns."""
    output_schema: Json16
    """What it gives: a JSON Schema (draft 2020-12) without references and patterns."""
    goal_schema: Json16 | None = None
    """How a customer states a goal for it, as a JSON Schema; null where there is nothing to state."""
    samples: tuple[Sample, ...] = Field((), max_length=10)
    """Inputs with the outputs they should give."""


class Skill(SkillFields, CatalogueEntity):
    """A skill: what it asks before it acts, what it does, and how it knows that it worked."""

    collection: ClassVar[str] = "skills"
    prefix: ClassVar[str] = "SKILL"
    noun: ClassVar[str] = "a skill"
    path: ClassVar[str] = "/v1/genesis/skills"

    entity_type: Literal["skill"] = "skill"
    """What kind of entity this is."""
    skill_key: str = Field(min_length=1, max_length=100, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    """Its key for programs: decision rights name its steps `<skill_key>.<n>`."""

    @property
    def sector(self) -> str:
        """The code of its industry."""
        return self.industry_code

    @property
    def names(self) -> tuple[str, ...]:
        """Its name within category and industry, and its key."""
        name = f"name|{alike(self.name)}|{self.category}|{self.industry_code}"
        return (name, f"key|{self.skill_key}")

    @property
    def effects(self) -> frozenset[int]:
        """The steps that have an effect outside the platform."""
        return frozenset(step.n for step in self.act_phase.steps if step.external_effect)

    def due_always(self) -> Iterable[Violation]:
        """Judge L0-01 to L0-06."""
        yield from self._no_governance()
        yield from self._schemas()
        yield from self._approvals()
        if wild(self.tool_requirements):
            yield breach("L0-04", "tool_requirements take no wildcard", "tool_requirements")
        if missing := sorted(MANDATORY_EVENTS - set(self.observe_phase.logged_events)):
            yield breach(
                "L0-05",
                f"logged_events lack {', '.join(missing)}",
                "observe_phase.logged_events",
            )
        for access in self.data_access:
            if wild(access.fields):
                yield breach("L0-06", f"{access.resource} names no explicit fields", "data_access")

    def _no_governance(self) -> Iterable[Violation]:
        for step in self.act_phase.steps:
            if step.target.casefold().partition("/")[0].partition(".")[0] in GOVERNANCE_RESOURCES:
                yield breach(
                    "L0-01",
                    f"step {step.n} acts on the governance resource {step.target}",
                    "act_phase.steps",
                )

    def _schemas(self) -> Iterable[Violation]:
        given = {
            "input_schema": self.input_schema,
            "output_schema": self.output_schema,
            "goal_schema": self.goal_schema,
        }
        for field, schema in given.items():
            if schema is not None and (problems := schemas.problems(schema)):
                yield breach("L0-02", f"{field} is no valid JSON Schema: {problems[0]}", field)
        if self.input_schema.get("additionalProperties") is not False:
            yield breach("L0-04", "input_schema allows additional properties", "input_schema")

    def _approvals(self) -> Iterable[Violation]:
        gated = {g.step_n for g in self.approval_gates if g.approval_type in APPROVAL_TYPES}
        for n in sorted(self.effects - gated):
            yield breach(
                "L0-03", f"step {n} has an external effect and no approval gate", "approval_gates"
            )
        if self.autonomy_level == "100%" and self.effects:
            yield breach("L0-03", "full autonomy allows no external effect", "autonomy_level")
