"""What happens to a precedent seed, as it is announced."""

from typing import Literal, Self

from shared.entity import Code, Event, Hex64, Said, Timestamp
from shared.precedents.models.seeds import PrecedentSeed

Mode = Literal["shadow", "active"]
TOPIC = "seed-events"


class _OfSeeds(Event, category="precedent_seed", topic=TOPIC, retention="constitutional"):
    """Something that changes which rules may decide."""


class SeedDrafted(_OfSeeds, action="seed.drafted"):
    """Somebody wrote a rule that nobody validated yet."""

    pattern_id: Code | None = None
    support: int


class SeedApproved(_OfSeeds, action="seed.approved"):
    """A rule may predict, or decide."""

    mode: Mode
    scope_hash: Hex64
    expires_at: Timestamp | None

    @classmethod
    def of(cls, seed: PrecedentSeed) -> Self:
        """Tell of a seed that is in shadow or active now."""
        mode: Mode = "active" if seed.status == "active" else "shadow"
        return cls(mode=mode, scope_hash=seed.scope_hash, expires_at=seed.expires_at)


class SeedMatched(Event, action="seed.matched", category="precedent_seed", topic=TOPIC):
    """A rule answered a request, or said what it would have answered."""

    approval_id: Code
    mode: Mode
    would_have_approved: bool
    human_agreed: bool | None = None
    again: bool = False
    """Whether it was compared before, with a yes that a veto took back."""


class SeedSuperseded(_OfSeeds, action="seed.superseded"):
    """Another rule took its place."""

    superseded_by: Code


class SeedDeprecated(_OfSeeds, action="seed.deprecated", severity="warning"):
    """A rule no longer decides, because it was wrong too often or is of no use."""

    reason: Said
    vetoes: int
    false_positives: int

    @classmethod
    def of(cls, seed: PrecedentSeed) -> Self:
        """Tell of a seed that decides no more."""
        count = seed.false_positive_count
        return cls(reason=seed.deprecation_reason or "", vetoes=count, false_positives=count)


class SeedRevoked(_OfSeeds, action="seed.revoked", severity="warning"):
    """A rule was taken back at once."""

    reason: Said


class HeldApprovalsDue(Event, action="seed.reopening", category="precedent_seed"):
    """More of what a rule granted that decides no more is still held, and is asked again next."""


class HeldHereDue(Event, action="seed.reopening_here", category="precedent_seed"):
    """More of what a rule granted in a tenant that switched it off is still held, and is asked again next."""


class SeedSubmitted(Event, action="seed.submitted", category="precedent_seed"):
    """A draft of learning waits for Genesis."""

    draft_id: Code
    support: int


class SeedReviewed(Event, action="seed.reviewed", category="precedent_seed"):
    """Genesis looked at a rule and did not let it pass."""

    outcome: Code
    failed: tuple[Code, ...]


class SeedJudged(Event, action="seed.judged", category="precedent_seed"):
    """What a rule had decided was confirmed by time, or objected to."""

    approval_id: Code
    outcome: Literal["confirmed", "vetoed"]


class SeedsSwitched(Event, action="seeds.switched", category="governance_decision"):
    """Seeds may decide again, or may no longer."""

    on: bool
    reason: Said


class SeedSwitchedHere(
    Event, action="seed.switched_here", category="governance_decision", topic=TOPIC
):
    """A tenant lets a seed decide in it again, or does no longer."""

    seed: Code
    on: bool
    reason: Said
