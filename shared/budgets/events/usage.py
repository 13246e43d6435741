"""What is told of use."""

from shared.budgets.events.budgets import BILLING
from shared.budgets.models.usage import EventType
from shared.entity import Code, Event


class UsageRecorded(
    Event, action="usage.recorded", category="ai_call", topic=BILLING, retention="financial"
):
    """Something was used."""

    event_type: EventType
    agent_id: Code
    run_id: Code | None
    model: Code | None
    cache_hit: bool
    tokens_in: int
    tokens_out: int
    cost_micro_usd: int
    uncovered_micro_usd: int
    sandbox: bool
