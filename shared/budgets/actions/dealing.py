"""Blocks of the platform's budget, as they are taken, given to tenants, and given back."""

from datetime import datetime

from shared import reservations
from shared.actors import PLATFORM
from shared.budgets.actions.marking import crossed
from shared.budgets.events.blocks import BlockEnds, BlockRefused, BlockReturned, BlockTaken
from shared.budgets.events.budgets import BudgetOpened
from shared.budgets.models.blocks import Block
from shared.budgets.models.budgets import Budget
from shared.budgets.rules import blocks, limits, setting
from shared.reaction import ReactionCall
from shared.reservations import Short
from shared.store import Transaction

WHOLE = "platform"


def take(call: ReactionCall) -> None:
    """Take a block of the platform's budget for a tenant that waits for one, and give it to them, in one commit."""
    at = call.now
    with (
        call.within(PLATFORM, "what a tenant is given is taken there in the same commit") as whole,
        call.transaction() as txn,
    ):
        block = txn.get(Block, call.subject_id)
        if not block.wanted:
            return
        known = whole.get_or_none(Budget, WHOLE)
        budget = known or limits.usual(WHOLE, at=at)
        limit = limits.limits(budget, at=at)["micro_usd"]
        used = reservations.use(whole, limit)
        left = max(used.limit - used.spent - used.reserved, 0)
        amount = blocks.size(block.wanted, left)
        name = blocks.name(call.tenant, block.n + 1)
        # It is held as long as its shares are kept: what ends it is that it is given back.
        until = limit.kept_until - blocks.LOOKED_AGAIN
        came = reservations.reserve(whole, name, {limit: amount}, about=budget, until=until)
        if isinstance(came, Short):
            told = BlockRefused(wanted=block.wanted, left=came.left)
            txn.save(blocks.short(block, at=at), told)
            return
        if known is None:
            opened = BudgetOpened(scope_kind="platform", **setting.amounts(budget))
            budget = whole.create(budget, opened)
        crossed(whole, budget, came, at=at)
        if block.amount:
            _close(txn, block.n, block.month, at=at)
        after = blocks.taken(block, amount, at=at)
        kept = txn.save(after, BlockTaken(n=after.n, amount=amount, month=after.month))
        ends = BlockEnds(n=after.n, month=after.month, amount=amount)
        txn.schedule(ends, at=after.ends_at or at, about=kept)


def give_back(call: ReactionCall, event: BlockEnds) -> None:
    """
    Give back what nobody spent of a block whose time is over; while something of it is held, look again later.

    Nothing can be taken of it from then on, so what the platform's budget is told was spent of it stays so.
    """
    at = call.now
    with (
        call.within(PLATFORM, "what is left goes back there in the same commit") as whole,
        call.transaction() as txn,
    ):
        block = txn.get(Block, call.subject_id)
        spent, reserved = _close(txn, event.n, event.month, at=at)
        if block.n == event.n and block.amount:
            block = txn.save(blocks.over(block), BlockReturned(n=event.n))
        if reserved:
            txn.schedule(event, at=at + blocks.LOOKED_AGAIN, about=block)
            return
        name = blocks.name(call.tenant, event.n)
        reservations.settle(whole, name, {f"{WHOLE}.micro_usd": spent}, at=at)


def _close(txn: Transaction, n: int, name: str, *, at: datetime) -> tuple[int, int]:
    """Let nothing more be taken of a block, and return what was spent of it and what is held."""
    used = reservations.use(txn, blocks.limit(n, name, 0, at=at))
    taken = blocks.limit(n, name, used.spent + used.reserved, at=at)
    reservations.change(txn, taken)
    return used.spent, used.reserved
