"""What happens to drafts of rules, as it is announced."""

from typing import Self

from shared.entity import Code, Event
from shared.learning.models import DraftStatus
from shared.precedents.models.seeds import Validation


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
