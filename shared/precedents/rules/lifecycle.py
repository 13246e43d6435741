"""The life of a seed: drafted, validated, watched in shadow, activated, and ended for a reason."""

from datetime import datetime, timedelta
from typing import Any

from shared.actors import PLATFORM, Actor, Role
from shared.detectors import masked
from shared.entity import Because
from shared.errors import Conflict, Forbidden, Invalid, Violation
from shared.impartial import impartial
from shared.precedents.models.seeds import (
    FAMILY,
    SWITCH,
    Outcome,
    PrecedentSeed,
    Rule,
    SeedStatus,
    SeedSwitch,
    TenantSeedSwitch,
    Validation,
)
from shared.precedents.rules.matching import MAX_FALSE_POSITIVES
from shared.precedents.rules.validation import clashes, failed, findings
from shared.records import dataclass

LIFE = timedelta(days=365)
"""How long a seed that decides by itself is in force, unless it says otherwise."""

SHADOW_DAYS = 14
SHADOW_MATCHES = 10
SHADOW_AGREEMENT_BP = 9_800

NEXT: dict[SeedStatus, frozenset[SeedStatus]] = {
    "draft": frozenset({"shadow", "deprecated"}),
    "shadow": frozenset({"active", "deprecated", "revoked"}),
    "active": frozenset({"superseded", "deprecated", "revoked"}),
    "superseded": frozenset(),
    "deprecated": frozenset(),
    "revoked": frozenset(),
}
"""Where each status may lead."""


@dataclass(frozen=True)
class Origin:
    """Who wrote a rule, and on what it rests."""

    author: str
    by_governor: bool
    samples: int = 0
    """On how many decided cases it rests."""

    confidence_bp: int = 0
    draft_id: str | None = None
    """The draft of learning it was made of."""

    supersedes: str | None = None
    """The seed that it is to replace."""


def drafted(rule: Rule, origin: Origin, *, id: str, at: datetime) -> PrecedentSeed:
    """Return the draft of a seed that says what *rule* says."""
    said = {name: getattr(rule, name) for name in Rule.model_fields}
    return PrecedentSeed(
        **said,
        id=id,
        tenant_id=PLATFORM,
        created_at=at,
        updated_at=at,
        governance_agent_id="governor",
        sample_count=origin.samples,
        confidence_bp=origin.confidence_bp,
        created_by=origin.author,
        by_governor=origin.by_governor,
        draft_id=origin.draft_id,
        supersedes=origin.supersedes,
    )


def validated(
    before: PrecedentSeed,
    others: tuple[PrecedentSeed, ...],
    *,
    outcome: Outcome,
    rationale: str,
    number: int,
    by: Actor,
    at: datetime,
) -> PrecedentSeed:
    """
    Return the seed with what Genesis said of it; what passes goes into shadow and gets its number.

    A rule that fails one of the five questions is rejected whatever Genesis says, and one that clashes
    with a seed in force or in shadow is put off.

    Raises:
        Conflict: It was judged before, or is no draft.
        SelfApproval: The author would validate.
    """
    impartial(by, before.created_by)
    if before.status != "draft":
        raise _wrong(before, "only a draft is validated")
    if before.validation is not None and before.validation.outcome != "defer":
        raise _wrong(
            before, f"this draft was judged already ({before.validation.outcome}); write another"
        )
    found = findings(before)
    said: Outcome = outcome
    if failed(found):
        said = "reject"
    elif outcome == "approve" and clashes(before, others):
        said = "defer"
    judgement = Validation(
        outcome=said, by=by.id, at=at, rationale=masked(rationale), findings=found
    )
    if said != "approve":
        return _changed(before, validation=judgement)
    return _changed(
        _moved(before, "shadow"),
        validation=judgement,
        validated_by=by.id,
        seed_id=f"{FAMILY[before.domain]}-{number:03d}",
        shadow_since=at,
    )


def activated(before: PrecedentSeed, *, by: Actor, at: datetime) -> PrecedentSeed:
    """
    Return the seed deciding, as the Governor wants it to.

    What the Governor wrote is decided by its validation, so that they may activate what they wrote themselves.

    Raises:
        Forbidden: Somebody else asks.
        SelfApproval: Who asks wrote it as somebody else, or has whoever validated it in their hands.
        Invalid: Genesis rejected it.
        Conflict: It is not in shadow, or has not proved itself yet.
    """
    only_governor(by)
    impartial(by, before.validated_by, None if before.by_governor else before.created_by)
    if before.validation is not None and before.validation.outcome == "reject":
        raise Invalid(
            "Genesis rejected this seed; write another one",
            violations=[
                Violation(rule="seed_rejected", message=f"{one.code}: {one.detail}")
                for one in failed(before.validation.findings)
            ]
            or [Violation(rule="seed_rejected", message=before.validation.rationale)],
        )
    if before.status == "active":
        return before
    after = _moved(before, "active")
    if not before.by_governor and (missing := unready(before, at=at)):
        raise _wrong(before, f"it has not proved itself in shadow yet: {'; '.join(missing)}")
    ends = before.expires_at or (at + LIFE if before.auto_approve else None)
    return _changed(after, approved_by=by.id, activated_at=at, expires_at=ends)


def unready(seed: PrecedentSeed, *, at: datetime) -> tuple[str, ...]:
    """Return what a seed in shadow lacks to be activated."""
    days = (at - seed.shadow_since).days if seed.shadow_since else 0
    agreement = seed.shadow_agreement_bp or 0
    found = (
        (days < SHADOW_DAYS, f"{days} of {SHADOW_DAYS} days"),
        (seed.match_count < SHADOW_MATCHES, f"{seed.match_count} of {SHADOW_MATCHES} matches"),
        (
            agreement < SHADOW_AGREEMENT_BP,
            f"agreement {agreement} of {SHADOW_AGREEMENT_BP} basis points",
        ),
    )
    return tuple(what for lacking, what in found if lacking)


def superseded(
    before: PrecedentSeed, successor: PrecedentSeed, *, by: Actor, at: datetime
) -> tuple[PrecedentSeed, PrecedentSeed]:
    """
    Return the old seed replaced, and its successor deciding.

    Raises:
        Forbidden: Somebody other than the Governor asks.
        Conflict: The successor was not written to replace it, or the states do not allow it.
    """
    only_governor(by)
    if successor.supersedes != before.id:
        raise _wrong(successor, "the successor does not name this seed in supersedes")
    after = _moved(before, "superseded")
    return _changed(after, superseded_by=successor.id), activated(successor, by=by, at=at)


def deprecated(before: PrecedentSeed, *, by: Actor, reason: str) -> PrecedentSeed:
    """
    Return the seed ended, as the Governor or time wants it.

    Raises:
        Forbidden: Somebody else asks.
        Conflict: It is ended already.
    """
    if Role.SERVICE not in by.roles:
        only_governor(by)
    if before.status == "deprecated":
        return before
    return _changed(_moved(before, "deprecated"), deprecation_reason=masked(reason))


def revoked(before: PrecedentSeed, *, by: Actor, reason: str) -> PrecedentSeed:
    """
    Return the seed taken back at once.

    Raises:
        Forbidden: Neither the Governor nor the Vision Guardian asks.
        Conflict: It is not in force.
    """
    if not (governor(by) or Role.VISION_GUARDIAN in by.roles):
        raise Forbidden("the Governor or the Vision Guardian revokes a seed", rule="not_governor")
    if before.status == "revoked":
        return before
    return _changed(_moved(before, "revoked"), deprecation_reason=masked(reason))


def worn_out(seed: PrecedentSeed) -> bool:
    """Say whether so many objections were raised that a seed in force ends by itself."""
    return seed.status == "active" and seed.false_positive_count >= MAX_FALSE_POSITIVES


def switched(
    before: SeedSwitch | None, *, on: bool, reason: str, by: Actor, at: datetime
) -> SeedSwitch:
    """
    Return the switch as the Governor sets it.

    Raises:
        Forbidden: Somebody else asks.
    """
    only_governor(by)
    if before is None:
        return SeedSwitch(
            id=SWITCH,
            tenant_id=PLATFORM,
            created_at=at,
            updated_at=at,
            governance_agent_id="governor",
            on=on,
            reason=masked(reason),
            switched_by=by.id,
        )
    changes = {"on": on, "reason": masked(reason), "switched_by": by.id}
    return before if before.on is on else before.model_copy(update=changes)


def switched_here(
    before: TenantSeedSwitch | None,
    seed: PrecedentSeed,
    *,
    tenant: str,
    on: bool,
    reason: str,
    by: Actor,
    at: datetime,
) -> TenantSeedSwitch:
    """Return a tenant's switch of a seed as its own people set it."""
    changes = {"on": on, "reason": masked(reason), "switched_by": by.id}
    if before is None:
        return TenantSeedSwitch(
            **changes,
            id=TenantSeedSwitch.id_of(tenant, seed.id),
            tenant_id=tenant,
            created_at=at,
            updated_at=at,
            governance_agent_id="governor"
            if tenant == PLATFORM
            else f"engagement_governor:{tenant}",
            seed=seed.id,
            seed_id=seed.seed_id or seed.id,
        )
    return before if before.on is on else before.model_copy(update=changes)


def decides_in(seed: PrecedentSeed, tenant: str) -> bool:
    """Say whether a seed in force may decide in a tenant, unless the tenant switches it off."""
    tenants = seed.scope_ceiling.tenants
    return seed.status == "active" and (tenants == "*" or tenant in tenants)


def governor(by: Actor) -> bool:
    """Say whether this is the platform's Governor."""
    return Role.GOVERNOR in by.roles and by.of_the_platform


def only_governor(by: Actor) -> None:
    """Refuse everybody but the platform's Governor."""
    if not governor(by):
        raise Forbidden(
            "only the Governor decides on seeds; propose one with POST /v1/seeds",
            rule="not_governor",
        )


def because(seed: PrecedentSeed, rationale: str, by: Actor) -> Because:
    """Return why a seed's state was changed, as the audit entry keeps it."""
    name = seed.seed_id or seed.id
    authority = min(by.roles, default="service")
    return Because(rationale=rationale, authority=authority, seed_ids=(name,))


def _moved(before: PrecedentSeed, to: SeedStatus) -> PrecedentSeed:
    if to not in NEXT[before.status]:
        raise _wrong(before, f"it cannot become {to}")
    return _changed(before, status=to)


def _changed(before: PrecedentSeed, **changes: Any) -> PrecedentSeed:
    return before.model_copy(update=changes)


def _wrong(seed: PrecedentSeed, why: str) -> Conflict:
    name = seed.seed_id or seed.id
    return Conflict(f"the seed {name} is {seed.status}: {why}", rule="seed_state")
