"""Spending: held of all budgets at once or of none, settled with what it was, given back by itself."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from shared import reservations
from shared.actors import PLATFORM
from shared.budgets.actions import looking
from shared.budgets.actions.marking import crossed, overrun
from shared.budgets.events.blocks import BlockAsked
from shared.budgets.events.budgets import BudgetOpened
from shared.budgets.models.blocks import Block
from shared.budgets.models.budgets import Budget
from shared.budgets.models.mandates import Mandate
from shared.budgets.rules import blocks, limits, mandates, setting, spending
from shared.budgets.rules.limits import own_id
from shared.budgets.rules.spending import Spend
from shared.records import dataclass
from shared.reservations import Kept, Short
from shared.shares import Limit, Reservation
from shared.store import Transaction

LONGEST = timedelta(minutes=15)
"""How long something is held at the most, unless it is said again."""


@dataclass(frozen=True)
class Waiting:
    """Nothing is held yet: a block of the platform's budget is on its way. Ask again in a moment."""

    wanted: int


@dataclass(frozen=True)
class _Around:
    """Everything that a spend is taken from."""

    budgets: tuple[Budget, ...]
    new: frozenset[str]
    block: Block | None
    mandate: Mandate | None
    asked: Mapping[Limit, int]


def hold(
    txn: Transaction, id: str, spend: Spend, *, at: datetime, until: datetime | None = None
) -> Reservation | Waiting:
    """
    Hold what something may cost, of all budgets that it is taken from at once, or nothing of any.

    Say it before anything is written. Said again it is the same reservation; what nobody settles goes back by itself.

    Args:
        txn: Where it is spent.

        id: What names it in the tenant: the step that it is for.

        spend: What it may cost at the dearest.

        at: The present.

        until: When it goes back by itself, fifteen minutes from now at the latest.

    Raises:
        BudgetExceeded: A budget, the platform's or a consent has less left.
        ApprovalRequired: New work waits for a person, or the call or the run is dearer than one may be.
        Refusal: The consent is not for this payment.
        Conflict: The id stands for what was settled, given back or lost, or for something else.
        Invalid: It is of another tenant.
    """
    spending.check_call(spend)
    known = reservations.known(txn, id)
    around = _around(txn, spend, at=at)
    if spend.begins and (known is None or known.status == "expired"):
        _may_begin(txn, around, at=at)
    if around.block is not None and blocks.limit_of(around.block, at=at) is None:
        return _ask(txn, around, spend.micro_usd, at=at)
    ends = min(until or at + LONGEST, at + LONGEST)
    came = reservations.reserve(txn, id, around.asked, about=around.budgets[0], until=ends)
    if isinstance(came, Short):
        return _short(txn, around, came, spend, at=at)
    if around.mandate is not None:
        # Whoever takes the consent back meanwhile was before this.
        txn.hold(around.mandate)
    _mark(txn, around, came, at=at)
    return came.reservation


def settle(
    txn: Transaction,
    id: str,
    spent: Mapping[str, int],
    *,
    at: datetime,
    of: Spend | None = None,
    by: str | None = None,
) -> Kept:
    """
    Let a reservation end with what was really spent, in every budget that it was held of; the rest goes back.

    More than was held takes what is left; what is beyond that no budget has (`overspent`), and each says so once.

    Args:
        txn: Where it was held.

        id: The reservation's id.

        spent: How much, by measure: `micro_usd`, `tokens`, `calls`, and of a payment `minor`; what is not named was
            spent as it was held.

        at: The present.

        of: Whose it is, as whoever reports it says.

        by: The id of what says for good what was spent.

    Raises:
        NotFound: There is no such reservation.
        Conflict: It was given back, settled with other amounts, or is somebody else's.
    """
    before = txn.get(Reservation, id)
    if of is not None:
        spending.check_same(of, before.asked, tenant=txn.tenant)
    real = {
        held.limit: spent[measure]
        for held in before.held
        if (measure := held.limit.rpartition(".")[2]) in spent
    }
    names = dict.fromkeys(held.limit.rpartition(".")[0] for held in before.held)
    budgets = txn.get_all(Budget, names)
    came = reservations.settle(txn, id, real, at=at, by=by)
    for budget in budgets.values():
        overrun(txn, crossed(txn, budget, came, at=at), came, at=at)
    return came


def release(txn: Transaction, id: str, *, at: datetime) -> Reservation:
    """
    Give back what is held: nothing was spent, and nothing will be.

    Raises:
        NotFound: There is no such reservation.
        Conflict: It was settled.
    """
    return reservations.release(txn, id, at=at)


def _around(txn: Transaction, spend: Spend, *, at: datetime) -> _Around:
    tenant = txn.tenant
    names = spending.scopes(spend, tenant=tenant)
    found = txn.get_all(Budget, names)
    budgets = tuple(found.get(name) or limits.usual(name, at=at) for name in names)
    amounts = {"micro_usd": spend.micro_usd, "tokens": spend.tokens, "calls": spend.calls}
    asked = {
        limit: amounts[measure]
        for budget in budgets
        for measure, limit in limits.limits(budget, at=at).items()
    }
    if (run := spending.run_limit(spend)) is not None:
        asked[run] = spend.micro_usd
    block = None
    if tenant != PLATFORM:
        one = blocks.none(tenant, at=at)
        block = txn.get_or_none(Block, one.id) or one
        if (limit := blocks.limit_of(block, at=at)) is not None:
            asked[limit] = spend.micro_usd
    mandate = None
    if spend.draw is not None:
        mandate = txn.get(Mandate, spend.draw.mandate_id)
        mandates.permits(mandate, spend.draw, agent_id=own_id(tenant, spend.agent_id), at=at)
        minor, times = mandates.limits(mandate)
        asked |= {minor: spend.draw.minor, times: 1}
    new = frozenset(names) - found.keys()
    return _Around(budgets, new, block, mandate, asked)


def _may_begin(txn: Transaction, around: _Around, *, at: datetime) -> None:
    for budget in around.budgets:
        if spending.near(budget, at=at):
            taken = looking.taken(txn, budget, at=at)
            if spending.level_of(budget, taken, at=at) == "approval":
                raise spending.waits_for_approval(budget)


def _short(
    txn: Transaction, around: _Around, came: Short, spend: Spend, *, at: datetime
) -> Waiting:
    """Say what is short; where it is the block alone, have another one brought."""
    whose, _, measure = came.limit.rpartition(".")
    if around.block is not None and whose == "platform.block":
        return _ask(txn, around, spend.micro_usd, at=at)
    if whose.startswith("mandate:"):
        raise spending.mandate_exceeded(came.left, "minor units" if measure == "minor" else "times")
    if whose.startswith("run:"):
        raise spending.run_exceeded(came.left)
    budget = next(one for one in around.budgets if one.id == whose)
    taken = looking.taken(txn, budget, at=at)
    raise spending.exceeded(budget, next(one for one in taken if one.measure == measure), at=at)


def _ask(txn: Transaction, around: _Around, wanted: int, *, at: datetime) -> Waiting:
    block = around.block or blocks.none(txn.tenant, at=at)
    if blocks.refused(block, wanted, at=at) and block.refused_until is not None:
        raise spending.platform_exceeded(at=at, until=block.refused_until)
    if not blocks.waits(block, wanted, at=at):
        after, told = blocks.asked(block, wanted, at=at), BlockAsked(wanted=wanted)
        txn.save(after, told) if block.audit else txn.create(after, told)
    return Waiting(wanted)


def _mark(txn: Transaction, around: _Around, came: Kept, *, at: datetime) -> None:
    for budget in around.budgets:
        if budget.id in around.new:
            opened = BudgetOpened(scope_kind=budget.scope_kind, **setting.amounts(budget))
            budget = txn.create(budget, opened)  # noqa: PLW2901 - as it is from now on
        crossed(txn, budget, came, at=at)
