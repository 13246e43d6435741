"""The usual limits, and what follows where how much of one is used: finance.md, section 6."""

from collections.abc import Mapping
from datetime import datetime

from shared.actors import PLATFORM, id_in, owner_of
from shared.budgets.models.budgets import (
    MEASURES,
    Amounts,
    Budget,
    Fired,
    Level,
    MarkAction,
    Measure,
    ScopeKind,
    SeenBudget,
    Threshold,
    WindowName,
)
from shared.errors import Invalid, NotFound
from shared.records import dataclass
from shared.shares import LIFE, Limit, Window, day, month

USD = 1_000_000
"""In micro-USD, as all money here."""

MOST_A_CALL = 1 * USD
"""What one call may cost at the dearest, without a person's approval."""

MOST_A_RUN = USD // 2
"""What one run may cost, without a person's approval."""

USUAL: Mapping[ScopeKind, tuple[WindowName, Amounts]] = {
    "agent": ("day", Amounts(limit_micro_usd=1 * USD)),
    "trial": ("life", Amounts(limit_micro_usd=5 * USD)),
    "customer": ("month", Amounts(limit_micro_usd=10 * USD)),
    "project": ("month", Amounts(limit_tokens=500_000)),
    "platform": ("month", Amounts(limit_micro_usd=100 * USD)),
    "cloud": ("month", Amounts(limit_micro_usd=250 * USD)),
}
"""What may be spent where nobody said otherwise, and in which time; a customer's is that of the smallest plan."""

_TIERS: tuple[tuple[int, MarkAction], ...] = (
    (70, "warn"),
    (80, "notify"),
    (85, "approve"),
    (95, "notify"),
    (100, "block"),
)
MARKS: Mapping[ScopeKind, tuple[tuple[int, MarkAction], ...]] = {
    "agent": _TIERS,
    "trial": tuple(tier for tier in _TIERS if tier[1] != "approve"),
    "customer": _TIERS,
    "project": ((80, "warn"), (100, "block")),
    "platform": _TIERS,
    "cloud": ((70, "notify"), (85, "notify"), (100, "notify")),
}
"""At how many percent what follows: only `warn`, `approve` and `block` change what may be done."""

SHARES: Mapping[ScopeKind, int] = {
    "agent": 1,
    "trial": 1,
    "customer": 4,
    "project": 2,
    "platform": 4,
    "cloud": 1,
}
"""Over how many documents each is spread: by who spends from it at once (`shared/shares.py`)."""

LEVEL_AT: tuple[tuple[MarkAction, Level], ...] = (
    ("block", "blocked"),
    ("approve", "approval"),
    ("warn", "warn"),
)
LEVELS: tuple[Level, ...] = ("normal", "warn", "approval", "blocked")


@dataclass(frozen=True)
class Taken:
    """What was taken of one limit of a budget."""

    measure: Measure
    limit: int
    spent: int = 0
    reserved: int = 0

    @property
    def bp(self) -> int:
        """How much of the limit is taken, in basis points; of nothing all is."""
        return (self.spent + self.reserved) * 10_000 // self.limit if self.limit else 10_000


def governed_by(tenant: str) -> str:
    """Return who what is a tenant's answers to."""
    return "governor" if tenant == PLATFORM else f"engagement_governor:{tenant}"


def own_id(tenant: str, id: str) -> str:
    """
    Return an id as a tenant's own budget names it: an agent of the platform has one with each customer.

    Raises:
        Invalid: It is of another tenant.
    """
    owner, _, own = id.rpartition(".")
    if owner not in {"", PLATFORM, tenant}:
        raise Invalid(
            f"there is no {id} here: name what is of this tenant", rule="dependency_missing"
        )
    return id_in(tenant, own)


def kind_of(scope: str) -> ScopeKind:
    """
    Return of what a scope is.

    Raises:
        NotFound: It is of nothing that has a budget.
    """
    kind, _, id = scope.partition(":")
    if id.startswith(f"{PLATFORM}."):
        own = id.removeprefix(f"{PLATFORM}.")
        raise NotFound(f"there is no budget {scope}: what is of the platform is {kind}:{own}")
    if kind not in USUAL:
        raise NotFound(f"there is no budget {scope}; its name begins with {', '.join(USUAL)}")
    return kind  # type: ignore[return-value]


def usual(scope: str, *, at: datetime) -> Budget:
    """Return the budget of a scope for which nobody said anything."""
    kind, tenant = kind_of(scope), owner_of(scope)
    window, amounts = USUAL[kind]
    return Budget(
        id=scope,
        tenant_id=tenant,
        created_at=at,
        updated_at=at,
        governance_agent_id=governed_by(tenant),
        scope_kind=kind,
        window=window,
        **dict(amounts),
    )


def window_at(name: WindowName, at: datetime) -> Window:
    """Return the window that a time is in."""
    match name:
        case "day":
            return day(at)
        case "month":
            return month(at)
        case "life":
            return LIFE


def limits(budget: Budget, *, at: datetime) -> dict[Measure, Limit]:
    """Return what may be taken of a budget in its window, by measure; what is not limited is not named."""
    window = window_at(budget.window, at)
    marks = tuple(percent for percent, _ in MARKS[budget.scope_kind])
    found = {measure: budget.of(measure) for measure in MEASURES}
    return {
        measure: Limit(f"{budget.id}.{measure}", amount, window, marks, SHARES[budget.scope_kind])
        for measure, amount in found.items()
        if amount is not None
    }


def level(kind: ScopeKind, bp: int) -> Level:
    """Return what it means for new work that so much is taken."""
    reached = {action for percent, action in MARKS[kind] if bp >= percent * 100}
    return next((level for action, level in LEVEL_AT if action in reached), "normal")


def worst(levels: tuple[Level, ...]) -> Level:
    """Return the level of several budgets together."""
    return max(levels, key=LEVELS.index, default="normal")


def fired(budget: Budget, measure: Measure, percent: int, *, window: str, at: datetime) -> Budget:
    """Return a budget that remembers that a threshold was reached in this window; of one that is over, nothing."""
    if window != window_at(budget.window, at).name:
        return budget
    known = budget.fired if budget.fired_in == window else ()
    new = Fired(measure=measure, percent=percent, at=at)
    return budget.model_copy(update={"fired_in": window, "fired": (*known, new)})


def seen(budget: Budget, taken: tuple[Taken, ...], *, at: datetime) -> SeenBudget:
    """Return a budget as it is shown, with what was taken of it in this window."""
    window = window_at(budget.window, at)
    reached = budget.fired if budget.fired_in == window.name else ()
    bp = max((one.bp for one in taken), default=0)
    more = {f"spent_{one.measure}": one.spent for one in taken}
    more |= {f"reserved_{one.measure}": one.reserved for one in taken}
    first = {one.percent: one.at for one in reversed(reached)}
    return SeenBudget(
        **dict(budget),
        **more,
        utilisation_bp=bp,
        level=level(budget.scope_kind, bp),
        thresholds=tuple(
            Threshold(percent=percent, action=action, fired_at=first.get(percent))
            for percent, action in MARKS[budget.scope_kind]
        ),
        resets_at=None if window == LIFE else window.ends,
    )
