"""Who is told of a threshold and of what was spent beyond all, and in which words: governance.md, section 11."""

from collections.abc import Iterator
from datetime import datetime

from shared.actors import PLATFORM, Role
from shared.budgets.events.budgets import BudgetOverspent, ThresholdCrossed
from shared.budgets.rules.limits import MARKS, kind_of
from shared.notifications.models import Notification
from shared.notifications.rules.notices import governor, notice

_MEANS = {
    "warn": "Nothing stops yet.",
    "notify": "Nothing stops yet.",
    "approve": "New work waits for a financial approval; what runs goes on.",
    "block": "Nothing more is spent until it resets or is raised.",
}
"""What follows at a threshold, in words."""


def notices(
    event: ThresholdCrossed | BudgetOverspent, *, scope: str, tenant: str, at: datetime
) -> Iterator[Notification]:
    """Yield what is told of how far a budget is used, and of what was spent beyond it."""
    if isinstance(event, BudgetOverspent):
        yield _overspent(event, scope=scope, tenant=tenant, at=at)
    else:
        yield from _crossed(event, scope=scope, tenant=tenant, at=at)


def _crossed(
    event: ThresholdCrossed, *, scope: str, tenant: str, at: datetime
) -> Iterator[Notification]:
    """Yield what is told of a threshold: to whoever governs, and where new work waits to the platform's finance too."""
    action = dict(MARKS[kind_of(scope)]).get(event.mark, "notify")
    finance = tenant == PLATFORM and action == "approve"
    for audience in (governor(tenant), *([Role.SUBSCRIPTION_MANAGER] if finance else [])):
        yield notice(
            "budget_threshold",
            tenant=tenant,
            audience=audience,
            subject=f"budgets/{scope}",
            title=f"{event.mark} % of a budget is used",
            body=f"{scope} has used {event.mark} % of its {event.measure} for {event.window}. {_MEANS[action]}",
            at=at,
            occasion=f"{scope} {event.window} {event.measure} {event.mark}",
            critical=action == "block",
        )


def _overspent(event: BudgetOverspent, *, scope: str, tenant: str, at: datetime) -> Notification:
    """Return what whoever governs is told of what was spent beyond a budget: no limit holds it back any more."""
    return notice(
        "budget_threshold",
        tenant=tenant,
        audience=governor(tenant),
        subject=f"budgets/{scope}",
        title="More was spent than a budget had",
        body=f"{event.reservation_id} took {event.beyond} {event.measure} beyond {scope} ({event.limit} for"
        f" {event.window}): it was held for less than it cost. Ask who reported it.",
        at=at,
        occasion=f"{scope} {event.reservation_id} {event.measure}",
        critical=True,
    )
