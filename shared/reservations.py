"""
Reserve something of limits, settle it with what was really spent, or give it back.

Each of these is said by the reservation's id, and may be said again. What nobody settled goes back by itself. Each
reads first and writes then, so it is asked for when all else was read. What a limit is, and how it is shared: `shared/shares.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime

from shared.canonical import digest
from shared.entity import Entity
from shared.errors import Conflict
from shared.records import dataclass
from shared.shares import (
    KEPT,
    Dealt,
    Held,
    Limit,
    Reservation,
    ReservationDeadline,
    Share,
    Status,
    changed,
    left,
    opened,
    take,
)
from shared.store import Transaction

Marks = Mapping[str, tuple[int, ...]]
"""By limit, the marks that were passed: by nobody before, and by nobody again in this window."""


ALONE = (
    "what is written of it is compared by itself, and a refusal is true of the moment of the look"
)


_OVER: Mapping[Status, str] = {
    "settled": "this reservation is settled already: it was spent, and that is counted; name another one",
    "released": "this reservation is released already; name another one",
    "unknown": "the answer to this was lost, so it may have been spent: find out and settle it, and do not try it again",
}
"""Why nothing is held by a reservation any more."""


@dataclass(frozen=True)
class Kept:
    """A reservation as it is now."""

    reservation: Reservation
    passed: Marks
    taken: Mapping[str, int] = field(default_factory=dict)
    """By limit of which marks were passed, how much is taken of it with this."""

    where: Mapping[str, Share] = field(default_factory=dict)
    """By limit, a share of it: which says in which window it is, as that may be over by now, and its limit there."""

    again: bool = False
    """Whether it had been settled just so before: nothing is taken by this."""


@dataclass(frozen=True)
class Changed:
    """What follows where limits are others from now on."""

    passed: Marks
    taken: Mapping[str, int]
    """By limit of which marks were passed, how much is taken of it."""

    where: Mapping[str, Share]
    """By limit, a share of it, likewise."""


@dataclass(frozen=True)
class Short:
    """Not all of it is there, so nothing was taken from any limit."""

    limit: str
    left: int


@dataclass(frozen=True)
class Use:
    """What was taken of a limit in a window."""

    limit: int
    reserved: int = 0
    spent: int = 0
    passed: int = 0
    """The highest mark that was passed in the window."""


def reserve(
    txn: Transaction,
    id: str,
    asked: Mapping[Limit, int],
    *,
    about: Entity,
    until: datetime,
) -> Kept | Short:
    """
    Hold so much of each of these limits, or nothing of any.

    Asked again it is the same reservation, held until the later time; one that had expired is made anew. What holds
    nothing any more is refused, so that nobody spends on it.

    Args:
        txn: Where it is asked for; the limits are those of its tenant.

        id: What names it in the tenant: the step of the run that it is for.

        asked: How much of which limit.

        about: What it is for.

        until: When it goes back by itself; while the shares of each limit are kept.

    Raises:
        Conflict: The id stands for other amounts, or for what was settled, released or lost.
    """
    amounts = {limit.id: amount for limit, amount in asked.items()}
    if len(amounts) < max(len(asked), 1) or min(amounts.values()) < 0:
        raise ValueError("a reservation is of limits that differ, and of no less than nothing")
    before = known(txn, id)
    if before and before.asked != amounts:
        raise Conflict(
            "this reservation is for other amounts; name another one", rule="reservation"
        )
    if before and before.status == "held":
        return Kept(_longer(txn, before, until=until, about=about), {})
    kept = _kept(until, (limit.kept_until for limit in asked))
    taken, place = dict[Limit, Dealt](), int(digest(id), 16)
    for limit, amount in asked.items():
        found = _look(txn, limit.key, place % limit.shares, amount)
        there = found or opened(limit)
        dealt = take(there, place, amount)
        if dealt is None:
            return Short(limit.id, left(there))
        taken[limit] = dealt if found else dealt.beside(there, new=True)
    for dealt in taken.values():
        _keep(txn, dealt)
    due = txn.schedule(ReservationDeadline(reservation=id), at=until, about=about)
    held = tuple(
        Held(limit=limit.id, share=taken[limit].taken_from, amount=amount)
        for limit, amount in asked.items()
    )
    made = txn.save(Reservation(id=id, held=held, until=until, due=due.id, kept_until=kept))
    by = {limit.id: dealt for limit, dealt in taken.items()}
    return Kept(made, _passed(by), _taken(by), _where(by))


def known(txn: Transaction, id: str) -> Reservation | None:
    """
    Return the reservation that may be asked for again under an id: it is held, or had expired; None where there is none.

    Raises:
        Conflict: It was settled or released, or nobody knows whether it was spent.
    """
    before = txn.get_or_none(Reservation, id)
    if before and (why := _OVER.get(before.status)):
        raise Conflict(why, rule=f"reservation_{before.status}")
    return before


def settle(
    txn: Transaction,
    id: str,
    spent: Mapping[str, int] | None = None,
    *,
    at: datetime,
    by: str | None = None,
) -> Kept:
    """
    Let a reservation end with what was spent; what was not goes back.

    More than was reserved is taken from what is left, and so is what was spent after the reservation had expired. Where
    not so much is left all of that is taken, and the rest is told (`Held.beyond`): it is spent all the same, so nobody
    else is to have what there was.

    Args:
        txn: Where it is settled.

        id: The reservation's id.

        spent: How much of which limit, by its id; all that was reserved, of those that are not named.

        at: When.

        by: The id of what says for good what was spent; the reservation names it from then on.

    Raises:
        NotFound: There is no such reservation.
        Conflict: It was released, or settled with other amounts.
    """
    before = txn.get(Reservation, id)
    amounts = before.asked | dict(spent or {})
    if amounts.keys() != before.asked.keys() or min(amounts.values()) < 0:
        raise ValueError("what is settled was reserved, and is no less than nothing")
    if before.status == "settled" and before.spent == amounts:
        return Kept(before, {}, again=True)
    if before.status in {"settled", "released"}:
        raise Conflict(f"this reservation is {before.status} already", rule="reservation")
    by_limit, ended = dict[str, Dealt](), list[Held]()
    for one in before.held:
        mine, real = one.amount if before.holds else 0, amounts[one.limit]
        by_limit[one.limit], beyond = _settled(txn, one.share, mine, real)
        ended.append(one.model_copy(update={"spent": real, "beyond": beyond}))
    for dealt in by_limit.values():
        _keep(txn, dealt)
    if before.holds:
        txn.unschedule(before.due)
    over = before.over("settled", ended, at)
    after = txn.save(over.model_copy(update={"settled_by": by}))
    return Kept(after, _passed(by_limit), _taken(by_limit), _where(by_limit))


def lose(txn: Transaction, id: str, *, until: datetime, about: Entity) -> Reservation:
    """
    Hold on to what may have been spent, as the answer was lost; what has ended stays as it is.

    It is never reserved again: somebody finds out, and settles or releases it.

    Raises:
        NotFound: There is no such reservation.
    """
    before = txn.get(Reservation, id)
    if not before.holds:
        return before
    lost = before.model_copy(update={"status": "unknown"})
    longer = until > before.until
    return _longer(txn, lost, until=until, about=about) if longer else txn.save(lost)


def release(txn: Transaction, id: str, *, at: datetime) -> Reservation:
    """
    Give back what a reservation holds; one that had expired has nothing more to give.

    Raises:
        NotFound: There is no such reservation.
        Conflict: It was settled.
    """
    before = txn.get(Reservation, id)
    if before.status == "settled":
        raise Conflict("this reservation is settled already", rule="reservation")
    if not before.holds:
        return before
    after = _given_back(txn, before, "released", at)
    txn.unschedule(before.due)
    return after


def expire(txn: Transaction, id: str, *, at: datetime) -> None:
    """Give back what a reservation still holds, if its time is over."""
    before = txn.get_or_none(Reservation, id)
    if before and before.holds and before.until <= at:
        _given_back(txn, before, "expired", at)


def change(txn: Transaction, limit: Limit) -> tuple[int, ...]:
    """
    Let a limit be another one from now on, in a window; return the marks that are passed by that.

    What was taken stays. Below it a limit may be put, and nothing is taken then until enough came back. Say it in the
    commit that changes whatever says the limit.
    """
    return change_all(txn, [limit]).passed[limit.id]


def change_all(txn: Transaction, limits: Iterable[Limit]) -> Changed:
    """Let several limits be others from now on, as `change` does one."""
    by = dict[str, Dealt]()
    for limit in limits:
        found = _all(txn, limit.key)
        dealt = changed(found or opened(limit), limit)
        by[limit.id] = dealt if found else dealt.beside((), new=True)
    for dealt in by.values():
        _keep(txn, dealt)
    return Changed(_passed(by), _taken(by), _where(by))


def use(txn: Transaction, limit: Limit) -> Use:
    """Return what was taken of a limit in a window."""
    there = _all(txn, limit.key)
    if not there:
        return Use(limit.amount)
    reserved, spent = sum(one.reserved for one in there), sum(one.spent for one in there)
    return Use(there[0].limit, reserved, spent, there[0].passed)


def _longer(
    txn: Transaction, before: Reservation, *, until: datetime, about: Entity
) -> Reservation:
    if until <= before.until:
        return before
    shares = [txn.get(Share, one.share) for one in before.held]
    kept = _kept(until, (share.kept_until for share in shares))
    txn.unschedule(before.due)
    due = txn.schedule(ReservationDeadline(reservation=before.id), at=until, about=about)
    longer = {"until": until, "due": due.id, "kept_until": kept}
    return txn.save(before.model_copy(update=longer))


def _passed(by: Mapping[str, Dealt]) -> Marks:
    return {limit: dealt.passed for limit, dealt in by.items()}


def _taken(by: Mapping[str, Dealt]) -> dict[str, int]:
    """Return what is taken of limits that were dealt anew, which all their shares say."""
    return {
        limit: sum(one.used for one in dealt.changed) for limit, dealt in by.items() if dealt.passed
    }


def _where(by: Mapping[str, Dealt]) -> dict[str, Share]:
    return {limit: dealt.changed[0] for limit, dealt in by.items()}


def _kept(until: datetime, shares: Iterable[datetime]) -> datetime:
    """Return how long a reservation is kept after its end: no longer than the shares that it takes from."""
    last = min(shares)
    if until >= last:
        raise ValueError(f"a reservation ends while its shares are kept, before {last.isoformat()}")
    return until + min(KEPT, last - until)


def _look(txn: Transaction, key: str, n: int, amount: int) -> Sequence[Share]:
    """Return one share, if that is enough to know, or all there are of a limit."""
    one = txn.get_or_none(Share, f"{key}.{n}")
    return (one,) if one and (one.of == 1 or one.has(amount)) else _all(txn, key)


def _all(txn: Transaction, key: str) -> Sequence[Share]:
    return txn.loosely(ALONE).all(Share, key=key)


def _settled(txn: Transaction, share: str, mine: int, spent: int) -> tuple[Dealt, int]:
    """Return what changes where so much was spent and a part of it was held, and how much of it is beyond the limit."""
    one = txn.get(Share, share)
    own = one.with_(reserved=-mine, spent=min(spent, mine))
    alone = Dealt((own,), own.id, ())
    more = spent - mine
    if more <= 0:
        return alone, 0
    there = [own if it.id == own.id else it for it in _look(txn, one.key, one.n, more)]
    beyond = max(more - left(there), 0)
    dealt = take(there, one.n, more - beyond, spent=True)
    return (dealt.beside([own]) if dealt else alone), beyond


def _given_back(txn: Transaction, before: Reservation, status: Status, at: datetime) -> Reservation:
    there = [txn.get_or_none(Share, one.share) for one in before.held]
    for share, one in zip(there, before.held, strict=True):
        if share:  # a timer may come when its window is long forgotten
            txn.save(share.with_(reserved=-one.amount))
    return txn.save(before.over(status, before.held, at))


def _keep(txn: Transaction, dealt: Dealt) -> None:
    """Write the shares that change; those that were not there must not be there yet."""
    for share in dealt.changed:
        txn.create(share) if dealt.new else txn.save(share)
