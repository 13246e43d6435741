"""What happens to blocks of the platform's budget, as it is announced."""

from shared.budgets.events.budgets import BILLING
from shared.entity import Code, Event


class BlockAsked(
    Event,
    action="budget.block_asked",
    category="configuration_change",
    topic=BILLING,
    retention="financial",
):
    """A tenant needs a block of the platform's budget to go on."""

    wanted: int


class BlockTaken(
    Event, action="budget.block_taken", category="configuration_change", retention="financial"
):
    """A tenant was given a block of the platform's budget."""

    n: int
    amount: int
    month: Code


class BlockRefused(
    Event,
    action="budget.block_refused",
    category="configuration_change",
    outcome="denied",
    retention="financial",
):
    """The platform's budget has less than a tenant needs."""

    wanted: int
    left: int


class BlockReturned(
    Event, action="budget.block_returned", category="configuration_change", retention="financial"
):
    """What was left of a block goes back: its time is over."""

    n: int


class BlockEnds(Event, action="budget.block_ends", category="agent_action_complete"):
    """The time of a block is over: what nobody spent of it goes back."""

    n: int
    month: Code
    amount: int
