"""What happens to budgets, as it is announced."""

from typing import Annotated, Literal

from pydantic import Field

from shared.budgets.models.budgets import Measure, ScopeKind
from shared.entity import ActorId, Code, Event, Id
from shared.judged import Masked

BILLING = "billing-events"
"""The topic of what is about money."""


class BudgetOpened(
    Event, action="budget.opened", category="configuration_change", retention="financial"
):
    """Something is spent in a scope for the first time: its usual limit counts from now on."""

    scope_kind: ScopeKind
    limit_micro_usd: int | None
    limit_tokens: int | None
    limit_calls: int | None


class BudgetSet(Event, action="budget.set", category="configuration_change", retention="financial"):
    """Somebody set what may be spent."""

    limit_micro_usd: int | None
    limit_tokens: int | None
    limit_calls: int | None
    reason: Annotated[str, Masked(kept=500)]


class RaiseAsked(
    Event, action="budget.raise_asked", category="approval_request", retention="financial"
):
    """Somebody asked to be allowed to spend more."""

    asked_by: ActorId
    approval_id: Id
    limit_micro_usd: int | None
    limit_tokens: int | None
    limit_calls: int | None


class BudgetRaised(
    Event, action="budget.raised", category="governance_decision", retention="financial"
):
    """More may be spent, as a Governor agreed."""

    approval_id: Id
    limit_micro_usd: int | None
    limit_tokens: int | None
    limit_calls: int | None


class GoingOnAsked(
    Event, action="budget.going_on_asked", category="approval_request", retention="financial"
):
    """It was asked whether new work may begin though most of a budget is used."""

    approval_id: Id
    window: Code


class GoingOnAgreed(
    Event, action="budget.going_on_agreed", category="governance_decision", retention="financial"
):
    """New work may begin until the window ends or all is used."""

    approval_id: Id
    window: Code


class ThresholdCrossed(
    Event,
    action="budget.threshold_crossed",
    category="escalation",
    topic=BILLING,
    severity="warning",
    retention="financial",
):
    """So much of a budget is spent or held: for the first time in its window."""

    mark: Annotated[int, Field(ge=1, le=100)]
    kind: Literal["enforcement", "notification"]
    measure: Measure
    spent_bp: int
    """How much is spent or held, in basis points."""
    limit: int
    window: Code


class BudgetOverspent(
    Event,
    action="budget.overspent",
    category="escalation",
    topic=BILLING,
    severity="error",
    retention="financial",
):
    """More was spent than was held, and more than the budget had left."""

    reservation_id: Code
    """What it was held for."""
    measure: Measure
    beyond: Annotated[int, Field(ge=1)]
    """How much of it no budget has."""
    limit: int
    window: Code


class ReservationExpired(
    Event,
    action="budget.reservation_expired",
    category="agent_action_error",
    topic=BILLING,
    retention="financial",
):
    """What was held for something went back by itself: nobody said what became of it."""

    reservation_id: Code
    amount: int
    """How much money was held, in millionths of a US dollar."""
