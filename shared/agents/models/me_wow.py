"""The Minimum Executable Way of Working: ten sections that say how an agent works and when it stops."""

from typing import Annotated, Literal

from pydantic import Field

from shared.canonical import digest
from shared.entity import Name, Text, Value
from shared.manifests.models.bounds import DecisionRights, EscalationTrigger, Items, Scope, Slug


class Outcome(Value):
    """What a customer gets, and how one sees that they got it."""

    statement: Text
    """What the customer has when it is done."""
    metric: Name
    """What is measured."""
    target: Name
    """From which value on it counts as reached."""
    customer_visible: bool
    """Whether the customer can see it for themselves."""


class OutcomeDefinition(Value):
    """Section 1: what is to come of the work, and when to stop."""

    outcomes: Annotated[tuple[Outcome, ...], Field(max_length=20)] = ()
    """What is to come of the work; at least one."""
    stop_conditions: Items = ()
    """When the agent stops by itself."""


class RequiredInput(Value):
    """One input, where it comes from and how good it must be."""

    name: Name
    """What the input is called."""
    type: Name
    """What kind of thing it is."""
    source: Name
    """Where it comes from."""
    required: bool
    """Whether the work cannot begin without it."""
    evidence_quality: Name
    """How good it must be, and how that is seen."""


class Output(Value):
    """One output, and when it is acceptable."""

    name: Name
    """What the output is called."""
    artifact_type: Name
    """What kind of thing it is, such as a post or a report."""
    acceptance_criteria: Items = ()
    """When it is good enough, one sentence each."""


class Interface(Value):
    """One interface to something outside the agent."""

    name: Name
    """What the interface is called: the outside system's id, where it reaches one."""
    direction: Literal["read", "write"]
    """Whether the agent takes from it or gives to it."""
    kind: Literal["sync", "command", "event", "batch_pull"]
    """How they speak: by question and answer, command, event, or a batch that is fetched."""
    counterpart: Name
    """The integration, tool or agent on the other side."""

    contract_ref: Name
    """Where the contract of the interface is."""


class Assumption(Value):
    """A way in which the work can fail, and what is done about it."""

    failure_mode: Name
    """How the work can fail."""
    effect: Text
    """What then happens."""
    mitigation: Text
    """What is done so that it does not, or does little harm."""


class SelfCritique(Value):
    """Section 7: what is assumed, and how it can go wrong."""

    assumptions: Items = ()
    """What the way of working takes for granted."""
    failure_modes: Annotated[tuple[Assumption, ...], Field(max_length=50)] = ()
    """How it can fail, and what is done about that."""


class Measure(Value):
    """One measure of containment, and the test that shows that it works."""

    measure: Text
    """What holds the agent back."""
    verified_by: Slug | None = None
    """The test that shows that it does."""


class Containment(Value):
    """Section 9: what the agent does when nobody tells it to act."""

    default_posture: Literal["non_executing", "executing"]
    """What the agent does without an order; only `non_executing` passes."""
    measures: Annotated[tuple[Measure, ...], Field(max_length=50)] = ()
    """What holds the agent back, each with its test."""


class Auditability(Value):
    """Section 10: what is logged, and how long evidence is kept."""

    logged_events: Items = ()
    """What the agent logs; the gap names what every agent must."""
    evidence_retention_days: int | None = Field(None, ge=1, le=36_500)
    """For how many days evidence is kept."""


class MeWow(Value):
    """The ten sections; what is missing is a gap, not an error."""

    outcome_definition: OutcomeDefinition | None = None
    """Section 1: what is to come of the work, and when to stop."""
    scope_boundaries: Scope | None = None
    """Section 2: what the agent does and what it never does: every `cannot_do` of its job role and its industry."""
    required_inputs: Annotated[tuple[RequiredInput, ...], Field(max_length=50)] | None = None
    """Section 3: what the work needs."""
    outputs: Annotated[tuple[Output, ...], Field(max_length=50)] | None = None
    """Section 4: what comes out."""
    interfaces: Annotated[tuple[Interface, ...], Field(max_length=50)] | None = None
    """Section 5: what outside it reads and writes."""
    decision_rights: DecisionRights | None = None
    """Section 6: who decides each act step of the skills."""
    self_critique: SelfCritique | None = None
    """Section 7: what is assumed, and how it can go wrong."""
    escalation_triggers: Annotated[tuple[EscalationTrigger, ...], Field(max_length=50)] | None = (
        None
    )
    """Section 8: when it stops and asks somebody."""
    safety_containment: Containment | None = None
    """Section 9: what holds it back."""
    auditability: Auditability | None = None
    """Section 10: what is logged."""

    @property
    def hash(self) -> str:
        """The digest of all ten sections."""
        return digest(self.to_stored())


class ActStep(Value):
    """
    One thing the agent can do, as decisions name it.

    An act step of a skill is ``<skill_key>.<n>``, an operation that changes something outside is
    ``<integration>.<operation>``.
    """

    decision: str
    external_effect: bool
    writes: bool
    irreversible: bool


class Ground(Value):
    """What the way of working is held against: the certified parts that the agent is made of."""

    cannot_do: tuple[str, ...]
    steps: tuple[ActStep, ...]


class Gap(Value):
    """What a section lacks."""

    section: str
    """The section that lacks something."""
    detail: str
    """What it lacks, and what to write."""
