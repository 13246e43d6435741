"""The draft of a precedent: a rule that decisions of the past suggest, waiting for Genesis."""

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from shared.approvals.models.questions import Comment
from shared.entity import Entity, Id, Record, Value
from shared.handling import Blanked, ForEver, Handling, Nobody, PersonalData, WithAccount
from shared.learning.examples import DEPLOY_AGAIN
from shared.numbers import Numbers
from shared.precedents.models.seeds import Finding, Rule

DraftStatus = Literal[
    "draft", "submitted", "in_review", "accepted", "revise", "deferred", "rejected", "withdrawn"
]


class SeedDraft(Entity, Rule):
    """A rule that somebody proposes, and the decisions it rests on."""

    collection: ClassVar[str] = "seed_drafts"
    handling: ClassVar = Handling(
        kept=ForEver("where precedents come from is a constitutional record"),
        export="tenant",
        erasure=Blanked("precedents rest on it"),
    )
    personal: ClassVar = PersonalData(ids="created_by", texts="note")

    external_id: str
    """What people call it: ``AUTO-YYYYMMDD-NNN``."""

    evidence_refs: tuple[Id, ...]
    """The decisions it rests on: the ids of approvals."""
    support: int
    """How many of the decisions it rests on are approvals of its class."""

    confidence_bp: int = Field(ge=0, le=10_000)
    """How sure it is, in basis points: the share of the decisions of its class that speak for it."""
    note: str | None = None
    """What its author says about it; null where nothing."""
    supersedes: Id | None = None
    """The `id` of the seed whose place it would take; null where it takes none."""
    status: DraftStatus = "draft"
    """How far it is."""
    findings: tuple[Finding, ...] = ()
    """What code found to Genesis's five questions."""
    precedent_seed_id: Id | None = None
    """The seed that was made of it; null before."""
    created_by: str
    """Who proposed it."""
    by_governor: bool
    """Whether a Governor proposed it."""


class DraftQuota(Record):
    """How many drafts one author made on one day; its id names both."""

    collection: ClassVar[str] = "draft_quotas"
    handling: ClassVar = Handling(kept=WithAccount(), export=Nobody("a counter"), erasure="deleted")

    made: int = 0


class DraftNumbers(Numbers):
    """How many drafts there were on one day; its id is the day."""

    collection: ClassVar[str] = "draft_numbers"


class NewDraft(Value):
    """Decisions, and the rule they speak for; without one, the rule is what they have in common."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"rule": DEPLOY_AGAIN}]})

    rule: Rule | None = None
    """The rule; without one, it is what the decisions have in common."""
    evidence_refs: Annotated[tuple[Id, ...], Field(max_length=20)] = ()
    """Approvals that were decided as the rule would decide them."""

    note: Comment | None = None
    """What you say about it."""
    supersedes: Id | None = None
    """The `id` of the seed whose place it is to take."""
