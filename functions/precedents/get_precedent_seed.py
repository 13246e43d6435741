from datetime import timedelta

from shared.actors import PLATFORM, Scope
from shared.entity import Id, Value
from shared.operation import Call, operation
from shared.precedents.models.seeds import PrecedentSeed
from shared.precedents.rules import lifecycle

ALERT_BP = 1_000
"""A larger share of objections is looked at."""

IDLE = timedelta(days=90)
"""A seed that matched nothing for so long is proposed for deprecation."""


class Effectiveness(Value):
    """How often a seed was right; shares are in basis points, absent where there is nothing to share."""

    matches: int
    """How many requests it answered, or in shadow would have answered."""
    confirmed: int
    """How many of its approvals nobody objected to in time."""
    objections: int
    """How many of its approvals a Governor objected to."""
    false_positive_bp: int
    """The share of its matches that was objected to, in basis points (100 are one percent)."""
    too_often_wrong: bool
    """Whether more than 10 percent of its matches were objected to."""
    idle: bool
    """Whether it approves by itself and has matched nothing for 90 days."""
    shadow_agreement_bp: int | None
    """The share of its predictions that people decided alike, in basis points; null before the first."""
    lacking: tuple[str, ...]
    """What a seed in shadow lacks to be activated."""


class SeedView(Value):
    """A seed, and how it did."""

    seed: PrecedentSeed
    """The rule, its ceiling and its counts."""
    effectiveness: Effectiveness
    """How often it was right."""


@operation(
    "GET",
    "/v1/precedent-seeds/{seed_id}",
    scopes={Scope.PRECEDENTS_READ},
    audited=False,
    tenant=PLATFORM,
)
def get_precedent_seed(call: Call, seed_id: Id) -> SeedView:
    """Show a precedent seed with its conditions, its ceiling and how often it was right."""
    with call.transaction() as txn:
        seed = txn.get(PrecedentSeed, seed_id)
    last = seed.last_matched_at or seed.activated_at or seed.created_at
    waits = seed.status == "shadow" and not seed.by_governor
    return SeedView(
        seed=seed,
        effectiveness=Effectiveness(
            matches=seed.match_count,
            confirmed=seed.success_count,
            objections=seed.false_positive_count,
            false_positive_bp=seed.false_positive_bp,
            too_often_wrong=seed.false_positive_bp > ALERT_BP,
            idle=seed.auto_approve and call.now - last > IDLE,
            shadow_agreement_bp=seed.shadow_agreement_bp,
            lacking=lifecycle.unready(seed, at=call.now) if waits else (),
        ),
    )
