"""The rules of drafting: how many, from what, and what becomes of a draft."""

from collections.abc import Sequence
from datetime import datetime

from shared.actors import PLATFORM, Actor
from shared.approvals.models.approvals import Approval
from shared.canonical import digest
from shared.detectors import masked
from shared.errors import Conflict, Invalid, RateLimited
from shared.learning.models import DraftNumbers, DraftQuota, DraftStatus, NewDraft, SeedDraft
from shared.learning.rules.coverage import by_people, narrowed, speaks_for
from shared.learning.rules.generation import generated
from shared.precedents.models.seeds import Finding, Outcome, PrecedentSeed, Rule, Validation
from shared.precedents.models.weakening import weakens
from shared.precedents.rules import lifecycle as precedents
from shared.precedents.rules.matching import candidates
from shared.precedents.rules.validation import MIN_SAMPLES

PER_DAY = 10
"""How many drafts one author may make in a day."""

AFTER: dict[Outcome, DraftStatus] = {
    "approve": "accepted",
    "reject": "rejected",
    "revise": "revise",
    "defer": "deferred",
}
"""What becomes of a draft, by what Genesis said."""


def quota_id(author: str, at: datetime) -> str:
    """Return the id of an author's quota of the day."""
    return digest([author, f"{at:%Y-%m-%d}"])


def within_quota(before: DraftQuota, *, at: datetime) -> DraftQuota:
    """
    Return the quota with one more draft.

    Raises:
        RateLimited: The day's drafts are made.
    """
    if before.made >= PER_DAY:
        midnight_s = 86_400 - (at.hour * 3600 + at.minute * 60 + at.second)
        raise RateLimited(
            f"{PER_DAY} drafts a day are the most; go on tomorrow",
            rule="drafts_per_day",
            retry_after_s=midnight_s,
        )
    return before.model_copy(update={"made": before.made + 1})


def drafted(
    request: NewDraft,
    evidence: Sequence[Approval],
    *,
    id: str,
    numbers: DraftNumbers,
    by: Actor,
    at: datetime,
) -> SeedDraft:
    """
    Return a draft that rests on *evidence*.

    Raises:
        Invalid: Too little speaks for it, or the decisions have nothing in common; only a Governor
            writes a rule from nothing, and nobody makes one of a single decision.
    """
    wrote = precedents.governor(by) and request.rule is not None
    rule = request.rule or generated([one for one in evidence if speaks_for(one)])
    asked, good = support(rule, evidence)
    if len(good) < MIN_SAMPLES and (evidence or not wrote):
        raise Invalid(
            f"{len(good)} of the decisions named are approvals of a request of this class, given by people"
            f" and never objected to; {MIN_SAMPLES} are needed",
            rule="missing_evidence",
        )
    if good:
        rule = narrowed(rule, good)
    said = {name: getattr(rule, name) for name in Rule.model_fields}
    return SeedDraft(
        **said,
        id=id,
        tenant_id=PLATFORM,
        created_at=at,
        updated_at=at,
        governance_agent_id="governor",
        external_id=f"AUTO-{numbers.id.replace('-', '')}-{numbers.next:03d}",
        evidence_refs=tuple(approval.id for approval in evidence),
        support=len(good),
        confidence_bp=len(good) * 10_000 // asked if asked else 0,
        note=masked(request.note) if request.note else None,
        supersedes=request.supersedes,
        created_by=by.id,
        by_governor=wrote,
    )


def support(rule: Rule, evidence: Sequence[Approval]) -> tuple[int, tuple[Approval, ...]]:
    """Return how many decisions of people on requests of a rule's class there are, and those that speak for it."""
    of_class = [
        one
        for one in evidence
        if by_people(one) and rule.approval_class in candidates(one.approval_class)
    ]
    return len(of_class), tuple(filter(speaks_for, of_class))


def resting(seed: PrecedentSeed, evidence: Sequence[Approval]) -> PrecedentSeed:
    """Return a seed with the support that it has now: an objection after the draft counts as one before it."""
    if not evidence:
        return seed
    asked, good = support(seed, evidence)
    confidence = len(good) * 10_000 // asked if asked else 0
    return seed.model_copy(update={"sample_count": len(good), "confidence_bp": confidence})


def submitted(
    before: SeedDraft, evidence: Sequence[Approval], *, at: datetime, seed_id: str
) -> tuple[SeedDraft, PrecedentSeed | None]:
    """
    Return the draft submitted, and the seed that Genesis validates; what weakens a gate is rejected.

    Raises:
        Conflict: It was submitted before.
    """
    if before.status != "draft":
        raise Conflict(f"this draft is {before.status} already", rule="seed_state")
    if weak := weakens(before):
        finding = Finding(code="S5", passed=False, detail="; ".join(weak))
        return before.model_copy(update={"status": "rejected", "findings": (finding,)}), None
    origin = precedents.Origin(
        author=before.created_by,
        by_governor=before.by_governor,
        samples=before.support,
        confidence_bp=before.confidence_bp,
        draft_id=before.id,
        supersedes=before.supersedes,
    )
    seed = resting(precedents.drafted(before, origin, id=seed_id, at=at), evidence)
    changes = {"status": "submitted", "precedent_seed_id": seed_id}
    return before.model_copy(update=changes), seed


def reviewed(before: SeedDraft, validation: Validation) -> SeedDraft:
    """Return the draft after Genesis judged the seed that was made of it."""
    changes = {"status": AFTER[validation.outcome], "findings": validation.findings}
    return before.model_copy(update=changes)
