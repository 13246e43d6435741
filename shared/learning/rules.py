"""The rules of drafting: how many, from what, and what becomes of a draft."""

from collections.abc import Sequence
from datetime import datetime

from shared.approvals.models import Approval, ApprovalStatus
from shared.canonical import digest
from shared.detectors import masked
from shared.errors import Conflict, Invalid, RateLimited
from shared.identity import PLATFORM, Actor
from shared.learning.generating import generated
from shared.learning.models import DraftNumbers, DraftQuota, DraftStatus, SeedDraft
from shared.learning.requests import NewDraft
from shared.precedents import rules as precedents
from shared.precedents.matching import candidates
from shared.precedents.models import Finding, Outcome, PrecedentSeed, Rule, Validation
from shared.precedents.validation import MIN_SAMPLES
from shared.precedents.weakening import weakens

PER_DAY = 10
"""How many drafts one author may make in a day."""

AFTER: dict[Outcome, DraftStatus] = {
    "approve": "accepted",
    "reject": "rejected",
    "revise": "revise",
    "defer": "deferred",
}
"""What becomes of a draft, by what Genesis said."""

GOOD = frozenset({ApprovalStatus.APPROVED, ApprovalStatus.CONSUMED})


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
            writes a rule from nothing.
    """
    governor = precedents.governor(by)
    rule = request.rule or generated([one for one in evidence if one.status in GOOD])
    of_class = [one for one in evidence if rule.approval_class in candidates(one.approval_class)]
    good = sum(approval.status in GOOD for approval in of_class)
    if good < MIN_SAMPLES and not governor:
        raise Invalid(
            f"{good} of the decisions named approve a request of this class; {MIN_SAMPLES} are needed",
            rule="missing_evidence",
        )
    said = {name: getattr(rule, name) for name in Rule.model_fields}
    return SeedDraft(
        **said,
        id=id,
        tenant_id=PLATFORM,
        created_at=at,
        updated_at=at,
        governance_agent_id="governor",
        external_id=f"AUTO-{numbers.id.replace('-', '')}-{numbers.given + 1:03d}",
        evidence_refs=tuple(approval.id for approval in evidence),
        support=good,
        confidence_bp=good * 10_000 // len(of_class) if of_class else 0,
        note=masked(request.note) if request.note else None,
        supersedes=request.supersedes,
        created_by=by.id,
        by_governor=governor,
    )


def submitted(
    before: SeedDraft, *, at: datetime, seed_id: str
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
    seed = precedents.drafted(before, origin, id=seed_id, at=at)
    changes = {"status": "submitted", "precedent_seed_id": seed_id}
    return before.model_copy(update=changes), seed


def reviewed(before: SeedDraft, validation: Validation) -> SeedDraft:
    """Return the draft after Genesis judged the seed that was made of it."""
    changes = {"status": AFTER[validation.outcome], "findings": validation.findings}
    return before.model_copy(update=changes)
