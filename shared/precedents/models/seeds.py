"""A precedent seed is a rule that may answer in the Governor's place, within a ceiling and never silently."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.actors import id_in
from shared.approvals.models.questions import ApprovalType, Risk
from shared.canonical import digest
from shared.entity import Asked, Entity, Id, Name, Record, ShownLine, Text, Timestamp, Value
from shared.errors import Violation
from shared.handling import Blanked, ForEver, Handling, Nobody, PersonalData, WithAccount
from shared.judged import Exact, Pattern
from shared.precedents.models.classes import Reversibility
from shared.precedents.models.conditions import Condition
from shared.precedents.models.coverage import Coverage
from shared.precedents.models.weakening import weakens
from shared.principles import breach

SeedStatus = Literal["draft", "shadow", "active", "superseded", "deprecated", "revoked"]
SeedType = Literal[
    "constitutional_amendment",
    "delegation_pattern",
    "approval_boundary",
    "failure_recovery",
    "optimisation",
]
Domain = Literal["agent_lifecycle", "ethics", "architecture", "governance"]
Outcome = Literal["approve", "reject", "revise", "defer"]

FAMILY: Mapping[Domain, str] = {
    "agent_lifecycle": "GEN",
    "ethics": "ETH",
    "architecture": "ARCH",
    "governance": "GOV",
}
"""How the number of a seed begins, by its domain."""

SeedNumber = Annotated[
    str, Field(pattern=r"^(GEN|ETH|ARCH|GOV)-[0-9]{3,6}$", max_length=11, examples=["GEN-004"])
]
"""What a seed is cited by, wherever it decides."""

Line = Annotated[Text, Field(max_length=300)]
Entry = Annotated[Name, Field(max_length=100)]
Entries = Annotated[tuple[Entry, ...], Field(max_length=50)]


class Ceiling(Value):
    """What a seed may decide about at most; an empty list allows nothing of its kind."""

    personal: ClassVar = PersonalData(nobody="actions data_classes integrations industries tenants")

    actions: Annotated[tuple[Entry, ...], Field(min_length=1, max_length=20)]
    """Which acts, by class."""
    data_classes: Entries = ()
    """Which classes of data."""
    integrations: Entries = ()
    """Which integrations."""
    industries: Annotated[tuple[Entry, ...], Field(min_length=1, max_length=20)]
    """Which industries, by code."""
    tenants: Annotated[tuple[Entry, ...], Field(min_length=1, max_length=50)] | Literal["*"]
    """Whose requests: tenants by name, or `*` for everybody's."""
    max_risk: Risk
    """Up to which risk."""
    max_amount: Annotated[int, Field(ge=0)] | None = None
    """Up to which amount; null where no amount is in question."""
    max_blast_radius: Literal["low", "medium", "high"] = "high"
    """How far what is done may reach."""
    reversibility: Annotated[tuple[Reversibility, ...], Field(min_length=1, max_length=3)] = (
        "reversible",
    )
    """Which acts, by whether they can be taken back."""


class ConcreteExample(Value):
    """One case, thought, done and observed."""

    personal: ClassVar = PersonalData(texts="think act observe")

    think: Line
    """What is asked."""
    act: Line
    """What is done."""
    observe: Line
    """What comes of it."""


class Rule(Value):
    """What a seed says: the members that a draft and the seed made of it have in common."""

    personal: ClassVar = PersonalData(
        texts="principle rationale", nobody="approval_class coverage conditions"
    )

    seed_type: SeedType
    """What kind of rule it is."""
    domain: Domain
    """What it is about; its number begins with it, such as GEN."""
    principle: Annotated[Text, Field(max_length=200)]
    """The rule in one sentence."""
    rationale: Annotated[Text, Field(min_length=100, max_length=4000)]
    """Why, naming the principles it rests on by their codes."""

    concrete_example: ConcreteExample
    """One case that it fits."""
    approval_class: Annotated[
        ShownLine,
        Pattern(
            r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*((:[^:\s*]{1,100}){2}|(:[^:\s*]{1,100})?:\*|\.\*)$"
        ),
        Field(max_length=255, examples=["agent.deploy:HC:*"]),
    ]
    """Which requests it is about: one class, or all that begin like it where it ends in ``*``."""

    approval_types: Annotated[tuple[ApprovalType, ...], Field(min_length=1, max_length=5)]
    """Which types of approval it is about."""
    decision: Literal["approved", "gate_added"]
    """What it answers: a yes, or one gate more."""
    scope_ceiling: Ceiling
    """What it may decide about at most."""
    coverage: Coverage | None = None
    """Which acts exactly it admits, by their arguments; a rule that decides and names none admits none."""
    conditions: Annotated[tuple[Condition, ...], Field(max_length=20)] = ()
    """What must hold besides; all of them."""
    auto_approve: bool
    """Whether it decides by itself, or only advises."""
    veto_window_hours: Annotated[Literal[24], Exact] = 24
    """For how many hours a Governor may object to what it approved."""
    expires_at: Timestamp | None = None
    """When it ends; null where it does not."""


class Finding(Value):
    """One of Genesis's five questions, and what code found."""

    personal: ClassVar = PersonalData(texts="detail")

    code: Literal["S1", "S2", "S3", "S4", "S5"]
    """S1 to S5: which question."""
    passed: bool
    """Whether there is no objection."""
    detail: str
    """What was found."""


class Validation(Value):
    """What Genesis said of a seed."""

    personal: ClassVar = PersonalData(ids="by", texts="rationale")

    outcome: Outcome
    """What Genesis said."""
    by: str
    """Who said it."""
    at: Timestamp
    """When it was said."""
    rationale: str
    """Why, in their words."""
    findings: tuple[Finding, ...]
    """What code found."""


COUNTERS = frozenset(
    {
        "match_count",
        "success_count",
        "false_positive_count",
        "predicted_count",
        "compared_count",
        "agreed_count",
        "last_matched_at",
    }
)


class PrecedentSeed(Entity, Rule):
    """A rule, how far it is trusted, and what became of its decisions."""

    collection: ClassVar[str] = "precedent_seeds"
    guarded_by: ClassVar = ("approval_class",)
    unversioned: ClassVar[frozenset[str]] = Entity.unversioned | COUNTERS
    handling: ClassVar = Handling(
        kept=ForEver("a precedent is a constitutional record"),
        export="tenant",
        erasure=Blanked("decisions rest on it"),
    )
    personal: ClassVar = PersonalData(
        ids="created_by validated_by approved_by", texts="deprecation_reason"
    )

    seed_id: Asked | None = None
    """The number it is cited by, given when it leaves draft."""

    status: SeedStatus = "draft"
    """How far it is trusted: in `shadow` it only predicts, `active` it decides."""
    confidence_bp: int = Field(0, ge=0, le=10_000)
    """How sure it is, in basis points."""
    sample_count: int = Field(0, ge=0)
    """How many decisions it rests on."""
    match_count: int = 0
    """How many requests it answered, or in shadow would have answered."""
    success_count: int = 0
    """Approvals it granted that nobody objected to in time."""

    false_positive_count: int = 0
    """Approvals it granted that a Governor objected to."""
    predicted_count: int = 0
    """Requests it made a prediction about while it was in shadow."""

    compared_count: int = 0
    """Of its predictions those that people have decided on by now."""
    agreed_count: int = 0
    """Those of them that came out as predicted."""

    last_matched_at: Timestamp | None = None
    """When it matched last; null where it never did."""
    shadow_since: Timestamp | None = None
    """Since when it predicts; null before."""
    activated_at: Timestamp | None = None
    """Since when it decides; null before."""
    validation: Validation | None = None
    """What Genesis said of it; null before."""
    supersedes: Id | None = None
    """The seed whose place it takes; null where it takes none."""
    superseded_by: Id | None = None
    """The seed that took its place; null while none did."""
    deprecation_reason: str | None = None
    """Why it is of no more use; null while it is."""
    draft_id: Id | None = None
    """The draft it was made of, where learning proposed it."""

    created_by: str
    """Who wrote it."""
    by_governor: bool = False
    """Whether a Governor wrote it."""

    validated_by: str | None = None
    """Who validated it; null before."""
    approved_by: str | None = None
    """Who put it in force; null before."""

    @property
    def shadow_agreement_bp(self) -> int | None:
        """The share of predictions that came out as predicted, in basis points."""
        return self.agreed_count * 10_000 // self.compared_count if self.compared_count else None

    @property
    def false_positive_bp(self) -> int:
        """The share of its matches that were objected to, in basis points."""
        return self.false_positive_count * 10_000 // self.match_count if self.match_count else 0

    @property
    def scope_hash(self) -> str:
        """The digest of what it may decide about."""
        ceiling = self.scope_ceiling.to_stored()
        if self.coverage is None:
            return digest(ceiling)
        return digest({"ceiling": ceiling, "coverage": self.coverage.to_stored()})

    def expired(self, at: datetime) -> bool:
        """Say whether its time is over."""
        return self.expires_at is not None and at >= self.expires_at

    def violations(self) -> tuple[Violation, ...]:
        """Return what in this seed breaks the constitution."""
        in_force = self.status in {"shadow", "active"}
        weak = weakens(self) if in_force else ()
        found = (
            (
                self.validated_by is not None and self.validated_by == self.created_by,
                "L0-01",
                "validated_by",
                "is its author",
            ),
            (
                self.status == "active" and not (self.validated_by and self.approved_by),
                "L0-07",
                "status",
                "is active without validation and approval",
            ),
            (bool(weak), "L0-07", "conditions", f"weaken a gate: {'; '.join(weak)}"),
            (self.updated_at < self.created_at, "L1-ENT-09", "updated_at", "precedes created_at"),
        )
        own = (
            breach(code, f"{field} {problem}", field)
            for broken, code, field, problem in found
            if broken
        )
        return (*super().violations(), *own)


class SeedSwitch(Entity):
    """Whether seeds decide at all: one document, read in each decision of a seed."""

    collection: ClassVar[str] = "seed_switches"
    handling: ClassVar = Handling(
        kept=ForEver("one document, written over"),
        export=Nobody("the platform's own"),
        erasure=Blanked("who switched precedents off or on is evidence"),
    )
    personal: ClassVar = PersonalData(ids="switched_by", texts="reason")

    on: bool = True
    """Whether seeds decide at all."""
    reason: str
    """Why that is so, in the words of whoever switched it."""
    switched_by: str
    """Who switched it last."""


SWITCH = "seeds"
"""The id of the switch."""


class TenantSeedSwitch(Entity):
    """Whether one seed decides in one tenant, as its own people want it; read in each decision of the seed."""

    collection: ClassVar[str] = "tenant_seed_switches"
    handling: ClassVar = Handling(kept=WithAccount(), export="tenant", erasure="deleted")
    personal: ClassVar = PersonalData(ids="switched_by", texts="reason")

    seed: Id
    """The id of the seed."""
    seed_id: Asked
    """The number that the seed is cited by."""
    on: bool
    """Whether it may decide here."""
    reason: str
    """Why the switch was set so."""
    switched_by: str
    """Who set it last."""

    @staticmethod
    def id_of(tenant: str, seed: str) -> str:
        """Return the id of a tenant's switch of a seed."""
        return id_in(tenant, seed)


# --- read models ---------------------------------------------------------------------------------


class Prediction(Record):
    """What seeds in shadow expect a person to answer to one request; its id is the approval's."""

    collection: ClassVar[str] = "seed_predictions"
    handling: ClassVar = Handling(
        kept=WithAccount(),
        export=Nobody("it would tell who decides what is expected of them"),
        erasure="deleted",
    )

    approves: Mapping[str, bool]
    """By the id of the seed: whether it would have approved."""

    answered: bool = False
    """Whether it was compared with a yes, which a veto may still take back."""
