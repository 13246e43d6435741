"""The draft of a precedent: a rule that decisions of the past suggest, waiting for Genesis."""

from typing import ClassVar, Literal, Self

from pydantic import Field

from shared.constitution import breach
from shared.entity import Code, Entity, Event, Id, Record
from shared.errors import Violation
from shared.precedents.models import Finding, Rule, Validation

DraftStatus = Literal[
    "draft", "submitted", "in_review", "accepted", "revise", "deferred", "rejected", "withdrawn"
]


class SeedDraft(Entity, Rule):
    """A rule that somebody proposes, and the decisions it rests on."""

    collection: ClassVar[str] = "seed_drafts"

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

    def violations(self) -> tuple[Violation, ...]:
        """Return what in this draft breaks the constitution."""
        if self.governance_agent_id:
            return ()
        return (breach("L0-01", "governance_agent_id missing", "governance_agent_id"),)


class DraftQuota(Record):
    """How many drafts one author made on one day; its id names both."""

    collection: ClassVar[str] = "draft_quotas"

    made: int = 0


class DraftNumbers(Record):
    """How many drafts there were on one day; its id is the day."""

    collection: ClassVar[str] = "draft_numbers"

    given: int = 0


class SeedDraftSubmitted(Event, action="seed_draft.submitted", category="precedent_seed"):
    """A draft was put to Genesis, or fell through the weakening test."""

    status: DraftStatus
    precedent_seed_id: Code | None


class SeedDraftReviewed(Event, action="seed_draft.reviewed", category="precedent_seed"):
    """Genesis judged what was made of a draft."""

    outcome: Code

    @classmethod
    def of(cls, validation: Validation) -> Self:
        """Tell of a judgement."""
        return cls(outcome=validation.outcome)
