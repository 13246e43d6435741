"""Blocks of the platform's budget: how large they are, and how long a tenant has one."""

from datetime import datetime, timedelta

from shared.budgets.models.blocks import Block
from shared.budgets.rules.limits import USD
from shared.shares import Limit, Window, month

SIZE = USD // 2
"""How much a tenant is given at once: many spends of theirs, and little of the platform's budget."""

OF_THE_REST = 50
"""A block is at most this part of what is left, so that the end of the budget is there for everybody."""

LASTS = timedelta(hours=1)
ASKED_AGAIN = timedelta(seconds=30)
"""After which time whoever still waits asks again: the message may be lost."""

LOOKED_AGAIN = timedelta(minutes=15)
"""When an ended block is looked at again of which something is still held."""

REFUSED_FOR = timedelta(minutes=1)
"""For how long a tenant is told the same: what others give back is there again then."""

SHARES = 4


def none(tenant: str, *, at: datetime) -> Block:
    """Return the block of a tenant that never had one."""
    return Block(
        id=f"block:{tenant}",
        tenant_id=tenant,
        created_at=at,
        updated_at=at,
        governance_agent_id="governor",
    )


def limit(n: int, name: str, amount: int, *, at: datetime) -> Limit:
    """Return what may be taken of a block: each has a window of its own, and is kept as long as its month."""
    return Limit(
        "platform.block.micro_usd", amount, Window(f"{name}.{n}", month(at).ends), (), SHARES
    )


def limit_of(block: Block, *, at: datetime) -> Limit | None:
    """Return what may be taken of a tenant's block now; None where they have none."""
    if not block.amount or block.month != month(at).name or not block.ends_at:
        return None
    return limit(block.n, block.month, block.amount, at=at) if at < block.ends_at else None


def size(wanted: int, left: int) -> int:
    """Return how large a block is, for who wants so much where so much is left."""
    return max(wanted, min(SIZE, left // OF_THE_REST))


def name(tenant: str, n: int) -> str:
    """Return what the reservation of a block is called in the platform's own tenant."""
    return f"block:{tenant}.{n}"


def waits(block: Block, wanted: int, *, at: datetime) -> bool:
    """Say whether somebody asked for so much just now."""
    return (
        block.wanted >= wanted and block.asked_at is not None and at < block.asked_at + ASKED_AGAIN
    )


def refused(block: Block, wanted: int, *, at: datetime) -> bool:
    """Say whether so much was refused just now."""
    return block.refused_until is not None and wanted >= block.refused and at < block.refused_until


def asked(block: Block, wanted: int, *, at: datetime) -> Block:
    """Return a block of which more is wanted."""
    return block.model_copy(update={"wanted": wanted, "asked_at": at})


def taken(block: Block, amount: int, *, at: datetime) -> Block:
    """Return the next block of a tenant."""
    ends = min(at + LASTS, month(at).ends)
    said = {"n": block.n + 1, "month": month(at).name, "amount": amount, "ends_at": ends}
    over = {"wanted": 0, "asked_at": None, "refused": 0, "refused_until": None}
    return block.model_copy(update=said | over)


def short(block: Block, *, at: datetime) -> Block:
    """Return a block of which no more is to be had for now."""
    told = {"refused": block.wanted, "refused_until": at + REFUSED_FOR}
    return block.model_copy(update=told | {"wanted": 0, "asked_at": None})


def over(block: Block) -> Block:
    """Return a block of which nothing is to be spent any more."""
    return block.model_copy(update={"amount": 0, "ends_at": None})
