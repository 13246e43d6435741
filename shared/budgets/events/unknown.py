"""What happens to spends of which nobody knows the outcome, as it is announced."""

from shared.budgets.events.budgets import BILLING
from shared.entity import ActorId, Code, Event, Timestamp


class OutcomeLost(
    Event,
    action="budget.outcome_lost",
    category="agent_action_error",
    topic=BILLING,
    outcome="failure",
    severity="warning",
    retention="financial",
):
    """Something may have been done, and the answer was lost."""

    reservation_id: Code
    owner: ActorId
    due_at: Timestamp


class OutcomeSettled(
    Event, action="budget.outcome_settled", category="agent_action_complete", retention="financial"
):
    """It is known what became of it, or it is counted as spent."""

    reservation_id: Code
    counted: bool


class OutcomeDue(Event, action="budget.outcome_due", category="agent_action_complete"):
    """The time to find out is over."""
