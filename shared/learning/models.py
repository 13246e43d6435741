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
    support: int
    """How many of the decisions it rests on are approvals of its class."""

    confidence_bp: int = Field(ge=0, le=10_000)
    note: str | None = None
    supersedes: Id | None = None
    status: DraftStatus = "draft"
    findings: tuple[Finding, ...] = ()
    precedent_seed_id: Id | None = None
    created_by: str
    by_governor: bool

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
