"""
Limits that nobody goes beyond, of money, tokens or calls, however many take from them at once.

What a limit lets be taken is dealt out to shares, documents of their own, so that none is hot; and no further than to
the next mark, so that whoever passes a mark knows it. Here is what is stored, and what follows from it; it is asked
for in `shared/reservations.py`. Why so: docs/decisions/0033-reservations.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Literal, NamedTuple

from shared.canonical import digest
from shared.entity import Asked, Code, Event, Record, Timestamp, Value
from shared.handling import AtExpiry, Handling, Nobody, PersonalData
from shared.records import dataclass

MAX_SHARES = 64
KEPT = timedelta(days=90)
"""How long shares are kept after their window, and reservations after their end."""

Status = Literal["held", "unknown", "settled", "released", "expired"]


class Window(NamedTuple):
    """The time that a limit is for: at its end, all of the limit is there again."""

    name: str
    ends: datetime


LIFE = Window("life", datetime(9999, 1, 1, tzinfo=UTC))
"""Once and for all."""


def day(at: datetime) -> Window:
    """Return the day of a time, in UTC."""
    start = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return Window(f"{start:%Y-%m-%d}", start + timedelta(days=1))


def month(at: datetime) -> Window:
    """Return the month of a time, in UTC."""
    start = at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Window(f"{start:%Y-%m}", (start + timedelta(days=31)).replace(day=1))


@dataclass(frozen=True)
class Limit:
    """How much may be taken of something, in whole units, within a window."""

    id: str
    """Of what, within its tenant: ``agent:6f1c….tokens``."""

    amount: int
    window: Window = LIFE
    marks: tuple[int, ...] = ()
    """At which parts of it somebody is to know, in percent: each is passed once in a window."""

    shares: int = 1
    """Over how many documents it is spread: about as many as take from it in a second; one for what is small."""

    def __post_init__(self) -> None:
        """Refuse what is no limit."""
        if self.amount < 0 or not 1 <= self.shares <= MAX_SHARES:
            raise ValueError(f"a limit is 0 or more, on 1 to {MAX_SHARES} shares")
        if any(not 1 <= mark <= 100 for mark in self.marks):
            raise ValueError("marks are parts of the limit, from 1 to 100 percent")
        if len(set(self.marks)) < len(self.marks):
            raise ValueError("marks are parts of the limit that differ, as each is passed once")

    @property
    def kept_until(self) -> datetime:
        """Until when its shares are kept."""
        return self.window.ends + KEPT

    @property
    def key(self) -> str:
        """What the ids of its shares begin with."""
        return digest([self.id, self.window.name])[:32]


class Share(Record):
    """A part of a limit in one window, and what was taken from that part."""

    collection: ClassVar[str] = "limit_shares"
    handling: ClassVar = Handling(
        kept=AtExpiry(), export=Nobody("a counter; what it counts says the same"), erasure="deleted"
    )
    personal: ClassVar = PersonalData(ids="name")

    name: Code
    """Of which limit: it may name whose that is."""
    window: Code
    key: Asked
    """What names the limit and the window in the ids of all its shares."""
    n: int
    of: int
    """How many shares there are."""
    limit: int
    marks: tuple[int, ...] = ()
    passed: int = 0
    """The highest mark that was passed in this window; all shares say the same, as of the limit and its marks."""
    dealt: int = 0
    """How much of the limit this share was dealt."""
    reserved: int = 0
    spent: int = 0
    short: bool = False
    """Whether some share has less than nothing: then the limit was lowered below what had been taken."""
    kept_until: Timestamp

    @property
    def used(self) -> int:
        """How much was taken from it."""
        return self.reserved + self.spent

    def has(self, amount: int) -> bool:
        """Say whether so much may be taken from it, whatever the others have: nothing always may."""
        return amount == 0 or (not self.short and self.dealt - self.used >= amount)

    def with_(self, *, reserved: int = 0, spent: int = 0) -> "Share":
        """Return it with so much more, or less, taken from it."""
        more = {"reserved": self.reserved + reserved, "spent": self.spent + spent}
        return self.model_copy(update=more)


class Held(Value):
    """What a reservation holds of one limit, until it is settled; then, what was spent of it."""

    personal: ClassVar = PersonalData(ids="limit")

    limit: Code
    share: str
    """The id of the share that it was taken from."""
    amount: int
    spent: int | None = None
    beyond: int = 0
    """How much of what was spent the limit had not left."""


class Reservation(Record):
    """What is held of one or several limits for something that will be spent, or not."""

    collection: ClassVar[str] = "reservations"
    handling: ClassVar = Handling(
        kept=AtExpiry(),
        export=Nobody("what was spent is told by what it was for"),
        erasure="deleted",
    )

    held: tuple[Held, ...]
    status: Status = "held"
    until: Timestamp
    """When what is still held goes back by itself."""
    due: str
    """The timer for that."""
    kept_until: Timestamp
    settled_by: str | None = None
    """The id of what says for good what was spent; null where nothing does."""

    @property
    def holds(self) -> bool:
        """Say whether what it is for is kept for it: also where nobody knows if it was spent."""
        return self.status in {"held", "unknown"}

    @property
    def asked(self) -> dict[str, int]:
        """How much of which limit it is for."""
        return {one.limit: one.amount for one in self.held}

    @property
    def spent(self) -> dict[str, int | None]:
        """How much of which limit was spent."""
        return {one.limit: one.spent for one in self.held}

    @property
    def beyond(self) -> dict[str, int]:
        """How much more was spent than which limit had left."""
        return {one.limit: one.beyond for one in self.held if one.beyond}

    def over(self, status: Status, held: Iterable[Held], at: datetime) -> "Reservation":
        """Return it at an end; one that expired may be settled yet, so it is kept no longer than its shares."""
        kept = self.kept_until if status == "expired" else at + KEPT
        end = {"status": status, "held": tuple(held), "kept_until": kept}
        return self.model_copy(update=end)


class ReservationDeadline(Event, action="reservation.deadline", category="agent_action_complete"):
    """What is still held by a reservation goes back."""

    reservation: Code


# --- what follows --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Dealt:
    """The shares that change where something is taken or the limit is another one, and what follows."""

    changed: tuple[Share, ...]
    taken_from: str
    passed: tuple[int, ...]
    """The marks that were passed by it, for the first time in the window."""

    new: bool = False
    """Whether they are not there yet."""

    def beside(self, others: Sequence[Share], *, new: bool = False) -> "Dealt":
        """Return it with other shares that are written too, unless they are among those that change."""
        kept = {one.id: one for one in (*others, *self.changed)}
        return replace(self, changed=tuple(kept.values()), new=new)


def opened(limit: Limit) -> tuple[Share, ...]:
    """Return the shares of a limit in a window in which nothing was taken yet."""
    empty = [
        Share(
            id=f"{limit.key}.{n}",
            name=limit.id,
            window=limit.window.name,
            key=limit.key,
            n=n,
            of=limit.shares,
            limit=limit.amount,
            marks=tuple(sorted(limit.marks)),
            kept_until=limit.kept_until,
        )
        for n in range(limit.shares)
    ]
    return tuple(_deal(empty, passed=0, to=0, amount=0))


def left(shares: Sequence[Share]) -> int:
    """Return how much of a limit may still be taken, by all its shares."""
    return max(shares[0].limit - sum(one.used for one in shares), 0)


def take(shares: Sequence[Share], at: int, amount: int, *, spent: bool = False) -> Dealt | None:
    """
    Take so much from a limit: from one share, or else from the next that has it, or else deal all anew.

    Args:
        shares: All its shares, or that one alone where it has so much.

        at: Which one to take it from.

        amount: How much.

        spent: Whether it is spent, and not only held.

    Returns:
        What changes, or None where all shares together have less.
    """
    way = sorted(shares, key=lambda one: (one.n - at) % one.of)
    first, more = way[0], {"spent" if spent else "reserved": amount}
    one = next((one for one in way if one.has(amount)), None)
    if one is not None:
        return Dealt((one.with_(**more),), one.id, ())
    used = sum(one.used for one in shares) + amount
    if used > first.limit:
        return None
    passed = _passed(first, used)
    dealt = [
        one.with_(**more) if one.id == first.id else one
        for one in _deal(shares, passed=passed, to=first.n, amount=amount)
    ]
    return Dealt(tuple(dealt), first.id, _between(first, passed))


def changed(shares: Sequence[Share], limit: Limit) -> Dealt:
    """Return the shares of a limit that is another one from now on; what was taken stays taken."""
    update = {"limit": limit.amount, "marks": tuple(sorted(limit.marks))}
    shares = [one.model_copy(update=update) for one in shares]
    passed = _passed(shares[0], sum(one.used for one in shares))
    dealt = _deal(shares, passed=passed, to=0, amount=0)
    return Dealt(tuple(dealt), shares[0].id, _between(shares[0], passed))


def _passed(one: Share, used: int) -> int:
    """Return the highest mark that was ever reached in the window, where so much of the limit is used."""
    reached = [mark for mark in one.marks if used and used * 100 >= mark * one.limit]
    return max(one.passed, *reached, 0)


def _between(one: Share, passed: int) -> tuple[int, ...]:
    return tuple(mark for mark in one.marks if one.passed < mark <= passed)


def _deal(shares: Sequence[Share], *, passed: int, to: int, amount: int) -> list[Share]:
    """
    Deal out anew what nobody took, up to where the next mark would be reached.

    One share gets what is to be taken from it. The rest is dealt evenly where each then has as much as that, and is
    kept together in the one where not: small limits, and the ends of large ones, are one document by themselves.
    """
    limit = shares[0].limit
    ahead = next((mark for mark in shares[0].marks if mark > passed), None)
    whole = limit if ahead is None else max(-(-ahead * limit // 100) - 1, 0)
    rest = whole - sum(one.used for one in shares) - amount
    each = rest // len(shares)
    each = each if each >= amount else 0
    own = rest - each * (len(shares) - 1) + amount
    return [
        one.model_copy(
            update={
                "passed": passed,
                "dealt": one.used + (own if one.n == to else each),
                "short": rest < 0,
            }
        )
        for one in shares
    ]
