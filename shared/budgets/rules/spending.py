"""What is about to be spent, whose budgets it is taken from, and how a no is said."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from shared.actors import PLATFORM
from shared.budgets.models.budgets import Budget, Level
from shared.budgets.rules import going_on
from shared.budgets.rules.limits import MOST_A_CALL, MOST_A_RUN, Taken, level, own_id, window_at
from shared.budgets.rules.mandates import Draw
from shared.entity import written
from shared.errors import ApprovalRequired, BudgetExceeded, Conflict, Refusal
from shared.records import dataclass
from shared.shares import LIFE, Limit, Reservation

_NAMED = frozenset({"agent", "trial", "project", "run"})
"""What a spend says of itself; the rest is whose tenant it is in."""


@dataclass(frozen=True, kw_only=True)
class Spend:
    """What is about to be spent, priced at the dearest that it can become (row 57 of the rulings)."""

    agent_id: str
    micro_usd: int
    tokens: int = 0
    calls: int = 1
    trial_id: str | None = None
    project_id: str | None = None
    run_id: str | None = None
    """The run that it is a step of: all of one run together has a limit."""

    begins: bool = True
    """Whether it begins new work; a step of what runs goes on above 85 percent."""

    draw: Draw | None = None
    """The payment that it is, and the consent that it is made under."""


def scopes(spend: Spend, *, tenant: str) -> tuple[str, ...]:
    """Return whose budgets a spend is taken from at once: the agent's, what it works in, and whoever pays."""
    own = {"agent": spend.agent_id, "trial": spend.trial_id, "project": spend.project_id}
    named = tuple(f"{kind}:{own_id(tenant, id)}" for kind, id in own.items() if id)
    return (*named, "platform" if tenant == PLATFORM else f"customer:{tenant}")


def check_same(spend: Spend, held: Iterable[str], *, tenant: str) -> None:
    """
    Refuse a report of a spend that names another agent, trial, project or run than the limits that were held for it.

    Raises:
        Conflict: It does.
    """
    run = run_limit(spend)
    said = {*scopes(spend, tenant=tenant), *([run.id.rpartition(".")[0]] if run else ())}
    was = {limit.rpartition(".")[0] for limit in held}
    differ = sorted(name for name in said ^ was if name.partition(":")[0] in _NAMED)
    if differ:
        raise Conflict(
            f"this was held for something else ({', '.join(differ)} differs): report it as it was held",
            rule="reservation_of_another",
        )


def overspent(reservation: Reservation) -> int:
    """Return how much of what was spent no limit of money had left, in millionths of a US dollar."""
    money = (more for limit, more in reservation.beyond.items() if limit.endswith(".micro_usd"))
    return max(money, default=0)


def run_limit(spend: Spend) -> Limit | None:
    """Return how much all of one run may cost."""
    return Limit(f"run:{spend.run_id}.micro_usd", MOST_A_RUN, LIFE) if spend.run_id else None


def check_call(spend: Spend) -> None:
    """
    Refuse a call that could cost more than one may.

    Raises:
        ApprovalRequired: A person decides about it.
        BudgetExceeded: It is in a trial, where nobody does.
    """
    if spend.micro_usd <= MOST_A_CALL:
        return
    said = f"one call may cost {MOST_A_CALL} micro-USD at the dearest, and this could {spend.micro_usd}"
    if spend.trial_id:
        raise BudgetExceeded(
            f"{said}; in a trial it is refused",
            rule="call_limit",
            limit=MOST_A_CALL,
            retryable=False,
        )
    raise ApprovalRequired(f"{said}: it needs a financial approval", rule="call_limit")


def level_of(budget: Budget, taken: tuple[Taken, ...], *, at: datetime) -> Level:
    """Return what a budget means for new work: where somebody agreed to go on, a warning is left of the question."""
    found = level(budget.scope_kind, max((one.bp for one in taken), default=0))
    return "warn" if found == "approval" and going_on.agreed_to(budget, at=at) else found


def near(budget: Budget, *, at: datetime) -> bool:
    """Say whether so much was reached in this window that it is worth to look: below, new work may begin."""
    return budget.fired_in == window_at(budget.window, at).name and bool(budget.fired)


def waits_for_approval(budget: Budget) -> ApprovalRequired:
    """Say that new work waits for a person."""
    more: dict[str, Any] = {"approval_id": budget.going_on_id} if budget.going_on_id else {}
    return ApprovalRequired(
        f"more than 85 percent of {budget.id} is used: new work needs a financial approval, which is asked"
        " for; what runs goes on",
        rule="budget_approval",
        **more,
    )


def exceeded(budget: Budget, taken: Taken, *, at: datetime) -> BudgetExceeded:
    """Say that a budget has not enough left, by how much, and when all of it is there again."""
    window = window_at(budget.window, at)
    left = max(taken.limit - taken.spent - taken.reserved, 0)
    again = None if window == LIFE else window.ends
    until = f"; all of it is there again at {written(again)}" if again else ""
    more: dict[str, Any] = {"reset_at": written(again)} if again else {}
    return BudgetExceeded(
        f"the budget {budget.id} has {left} of {taken.limit} {taken.measure} left, which is less than this"
        f" could take{until}",
        rule="budget_exceeded",
        retry_after_s=int((again - at).total_seconds()) + 1 if again else None,
        scope=budget.id,
        measure=taken.measure,
        limit=taken.limit,
        spent=taken.spent,
        reserved=taken.reserved,
        retryable=False,
        **more,
    )


def platform_exceeded(*, at: datetime, until: datetime) -> BudgetExceeded:
    """Say that the platform's own budget has not enough left."""
    return BudgetExceeded(
        "the platform's own budget for the work of agents has less left than this could take",
        rule="budget_exceeded",
        retry_after_s=max(int((until - at).total_seconds()), 1),
        scope="platform",
        reset_at=written(until),
        retryable=False,
    )


def mandate_exceeded(left: int, what: str) -> Refusal:
    """Say that a consent covers less than this payment."""
    return BudgetExceeded(
        f"this consent covers {left} {what} more, which is less than this payment; ask for another consent",
        rule="mandate_exceeded",
        left=left,
        retryable=False,
    )


def run_exceeded(left: int) -> ApprovalRequired:
    """Say that a run would cost more than one may."""
    return ApprovalRequired(
        f"one run may cost {MOST_A_RUN} micro-USD, of which {left} are left: more needs a financial approval",
        rule="run_limit",
    )
