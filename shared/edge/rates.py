"""
How often somebody may ask: classes of callers and of what they ask for, and the paces that are kept of each.

A pace is one number, the time by which all that was asked for so far is worked off at an even rate (the generic cell
rate algorithm): whoever has not been there for a while may ask so often at once as the burst says, and at the limit's
rate from then on. Each process keeps the paces that it sees, and tells them to a shared record in lumps; so who asks
little writes nothing, and nobody is refused for what another process only set aside. Why: docs/decisions/0040-rates.md.
"""

import logging
import threading
from collections.abc import Iterator, Sequence
from dataclasses import field
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Literal, NamedTuple, Protocol

from shared.actors import PLATFORM, Actor, Role, Scope
from shared.canonical import digest
from shared.documents import ABSENT, Documents, Key, Write
from shared.edge.contention import settled
from shared.entity import Record, Timestamp
from shared.errors import ProviderDown, RateLimited, StoreUnavailable
from shared.handling import AtExpiry, Handling, Nobody
from shared.operation import Operation
from shared.records import dataclass

log = logging.getLogger("waooaw")

HOUR, DAY, MINUTE = 3600, 86400, 60
MOST_PACES = 20_000
"""How many paces one process keeps; those that were over first go."""


class Rate(NamedTuple):
    """How many requests in so many seconds, and how many of them at once."""

    limit: int
    per_s: int
    burst: int
    lump: int
    """How many a process lets through before it tells the others: it is also how many each may be over."""


def rate(limit: int, per_s: int, burst: int | None = None, lump: int | None = None) -> Rate:
    """Return a rate; where no burst is said all of the limit may come at once, and a quarter of the burst is a lump."""
    burst = limit if burst is None else burst
    return Rate(limit, per_s, burst, lump or max(1, burst // 4))


RATES: dict[str, tuple[Rate, ...]] = {
    "anonymous": (rate(100, HOUR, 20, lump=20), rate(1_000, DAY, lump=100)),
    "customer": (rate(1_000, HOUR, 50),),
    "staff": (rate(1_000, HOUR, 100),),
    "admin": (rate(10_000, HOUR, 100),),
    "agent": (rate(600, MINUTE, 100),),
    "documentation": (rate(2_000, MINUTE),),
    "governance": (rate(120, MINUTE),),
    "audit": (rate(100, HOUR, 10),),
    **dict.fromkeys(("model", "integration"), (rate(1_000, HOUR),)),
    **dict.fromkeys(("models", "integrations"), (rate(10_000, MINUTE),)),
}
"""Each class of platform-operations.md 2.2 that somebody can be in: who asks, and what for. The strictest wins.
What goes out has two: of one customer, in the singular, and of all together."""

Outwards = Literal["model", "integration"]
"""What a call goes out to: a model, or a service of somebody else."""

UNLIMITED = frozenset({"platform.get_health"})
"""What anybody may ask for as often as they like: whoever watches us must not be refused."""

_DOCUMENTATION = frozenset({"identity.list_keys"})
_GOVERNANCE = frozenset({Scope.GOVERNANCE_READ, Scope.GOVERNANCE_WRITE, Scope.VETO_EXECUTE})
_AGENTS = frozenset({Role.GENESIS, Role.SYSTEMS_ARCHITECT, Role.VISION_GUARDIAN})


def classes(op: Operation, actor: Actor, address: str) -> Iterator[tuple[str, str]]:
    """
    Yield the classes that a request is in, each with whose pace it is.

    The platform's own services are in none: they do what somebody asked for who was in one.

    Args:
        op: What is asked for.

        actor: Who asks; without a role, somebody unknown.

        address: Where they ask from.
    """
    if op.id in UNLIMITED or Role.SERVICE in actor.roles:
        return
    if not actor.roles:
        yield ("documentation" if op.id in _DOCUMENTATION else "anonymous"), network(address)
        return
    if actor.roles & _AGENTS:
        yield "agent", actor.id
    elif not actor.of_the_platform:
        yield "customer", actor.tenant
    else:
        yield ("admin" if Role.ADMIN in actor.roles else "staff"), actor.id
    if op.scopes & _GOVERNANCE and not actor.roles & _AGENTS:
        yield "governance", f"{actor.tenant} {actor.id}"
    if op.area == "audit" and not op.mutates:
        yield "audit", actor.id if actor.of_the_platform else actor.tenant


def network(address: str) -> str:
    """Return what stands for an address: of IPv6 the network that one household has."""
    # Whoever signed in is known by name, and most processes are asked by nobody else.
    from ipaddress import IPv6Address, ip_address

    try:
        found = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(found, IPv6Address):
        own = found.ipv4_mapped
        return str(own) if own else f"{IPv6Address(int(found) >> 64 << 64)}/64"
    return str(found)


@dataclass(frozen=True)
class Standing:
    """What whoever asked is told of one of their paces."""

    limit: int
    remaining: int
    """How many may still come at once."""
    reset_s: int
    """In how many seconds the whole burst may come again."""


class LimitReached(RateLimited):
    """Somebody asks more often than they may."""

    def __init__(self, detail: str, *, name: str, standing: Standing, retry_after_s: int) -> None:
        """Say of which class, and whether this is the first refusal of it in its window."""
        super().__init__(detail, rule="rate_limit", retry_after_s=retry_after_s)
        self.name, self.standing, self.first = name, standing, False


class RateLimits(Protocol):
    """Counts, and refuses what is too much."""

    def take(self, key: str, limit: int, per_s: int, now: datetime) -> Standing:
        """
        Take one of so many in so many seconds, under a name.

        Raises:
            RateLimited: All are taken; it says when the next one is there.
        """


class SharedPace(Record):
    """How fast something is asked for, by all processes; its id is the digest of whose pace it is."""

    collection: ClassVar[str] = "paces"
    handling: ClassVar = Handling(
        kept=AtExpiry(), export=Nobody("a counter under a digest"), erasure="deleted"
    )

    worked_off_at_us: int
    """When all of it is worked off at the even rate, in microseconds since 1970."""
    refused_at_us: int = 0
    """When a refusal of it was last entered into the evidence, likewise."""
    kept_until: Timestamp


_Id = tuple[str, str, int]
"""The class, whose pace it is in that, and in how many seconds: some classes have two rates."""


@dataclass
class _Pace:
    worked_off: int = 0
    untold: int = 0
    refused: int = 0
    telling: threading.Lock = field(default_factory=threading.Lock)


class Paces:
    """The paces that one process keeps."""

    def __init__(self, documents: Documents, *, eased: int = 1) -> None:
        """
        Keep none yet.

        Args:
            documents: Where all processes tell theirs.

            eased: How many times the rates hold here: more than once where everybody is in the same hands.
        """
        self._documents, self._eased = documents, eased
        self._paces: dict[_Id, _Pace] = {}
        self._lock = threading.Lock()

    def take(self, key: str, limit: int, per_s: int, now: datetime) -> Standing:
        """
        Take one of so many in so many seconds: all of them may come at once.

        Raises:
            RateLimited: All are taken, or there are none.
        """
        if limit < 1:
            raise RateLimited("this may not be done at all at present", retry_after_s=per_s)
        return self.under("obligation", key, rate(limit, per_s), now)

    def enter(self, op: Operation, actor: Actor, address: str, now: datetime) -> list[Standing]:
        """
        Let a request in, and return how its caller stands in each class.

        Raises:
            LimitReached: They asked more often than one of the classes lets them.
        """
        return [
            self.under(name, whose, self._here(one), now)
            for name, whose in classes(op, actor, address)
            for one in RATES[name]
        ]

    def leave(self, what: Outwards, tenant: str, now: datetime) -> None:
        """
        Let a call go out, of a tenant and of all.

        Raises:
            ProviderDown: More go out than may: what waits for the answer is tried again, as where none comes.
        """
        own = [(what, tenant)] if tenant != PLATFORM else []
        try:
            for name, whose in (*own, (f"{what}s", PLATFORM)):
                self.under(name, whose, self._here(RATES[name][0]), now)
        except LimitReached as over:
            when = over.retry_after_s
            raise ProviderDown(over.detail, rule="rate_limit", retry_after_s=when) from None

    def _here(self, one: Rate) -> Rate:
        times = self._eased
        return Rate(one.limit * times, one.per_s, one.burst * times, one.lump * times)

    def under(self, name: str, whose: str, held: Rate, now: datetime) -> Standing:
        """
        Take one, in a class, of somebody's pace.

        Raises:
            LimitReached: There is none left at present.
        """
        at, step = _us(now), held.per_s * 1_000_000 // held.limit
        id = (name, whose, held.per_s)
        with self._lock:
            pace = self._kept(id, at)
        # While one tells the others, nobody else is let through at the same pace: so no more than a lump is untold.
        with pace.telling:
            pace.worked_off = _ahead(pace.worked_off, held, at)
            asked = pace.untold + 1
            if _wait(pace.worked_off, held, at) <= 0:
                pace.worked_off, pace.untold = pace.worked_off + step, asked
                if asked < held.lump or self._tell(id, pace, held, at):
                    return _standing(held, step, pace.worked_off - at)
            raise self._refusal(id, pace, held, at)

    def _kept(self, id: _Id, at: int) -> _Pace:
        found = self._paces.get(id)
        if found is None:
            if len(self._paces) >= MOST_PACES:
                self._forget(at)
            found = self._paces[id] = _Pace()
        return found

    def _forget(self, at: int) -> None:
        """Forget the paces that are worked off, and if all are not, the older half."""
        left = {id: pace for id, pace in self._paces.items() if pace.worked_off > at}
        if len(left) > MOST_PACES // 2:
            left = dict(list(left.items())[-(MOST_PACES // 2) :])
        self._paces = left

    def _tell(self, id: _Id, pace: _Pace, held: Rate, at: int) -> bool:
        """
        Tell the others what this process let through, and learn what they did.

        Return whether the last of it may be let through, with what they did; while nobody hears, it counts here alone.
        """
        step, fits = held.per_s * 1_000_000 // held.limit, True

        def told(before: SharedPace | None) -> SharedPace:
            nonlocal fits
            known = before.worked_off_at_us if before else 0
            worked_off = _ahead(known, held, at) + (pace.untold - 1) * step
            fits = _wait(worked_off, held, at) <= 0
            refused = before.refused_at_us if before else 0
            return _shared(id, worked_off + step if fits else worked_off, refused, held)

        try:
            shared = self._change(id, told)
        except StoreUnavailable:
            log.info("a pace was not told to the others")
            return True
        own = pace.worked_off if fits else pace.worked_off - step
        pace.untold, pace.worked_off = 0, max(own, shared.worked_off_at_us)
        return fits

    def _refusal(self, id: _Id, pace: _Pace, held: Rate, at: int) -> LimitReached:
        step = held.per_s * 1_000_000 // held.limit
        after_s = max(1, -(-_wait(pace.worked_off, held, at) // 1_000_000))
        refusal = LimitReached(
            f"at most {held.limit} requests in {_window(held.per_s)}, {held.burst} of them at once"
            f" ({id[0]}); ask again in {after_s} s",
            name=id[0],
            standing=_standing(held, step, pace.worked_off - at),
            retry_after_s=after_s,
        )
        since = at - held.per_s * 1_000_000
        if pace.refused < since:
            try:
                refusal.first = self._first(id, held, since, at)
                pace.refused = at
            except StoreUnavailable:
                log.info("a refusal was not noted; the next one is")
        return refusal

    def _first(self, id: _Id, held: Rate, since: int, at: int) -> bool:
        """Say whether no process refused it since, and note that this one did."""
        first = False

        def noted(before: SharedPace | None) -> SharedPace:
            nonlocal first
            first = before is None or before.refused_at_us < since
            if before and not first:
                return before
            return _shared(id, before.worked_off_at_us if before else at, at, held)

        self._change(id, noted)
        return first

    def _change(self, id: _Id, make: "_Make") -> SharedPace:
        """
        Write what *make* makes of the shared pace, if that is another one, and return it.

        Raises:
            StoreUnavailable: It could not be read or written.
        """
        key = Key(PLATFORM, SharedPace.collection, _named(id))

        def attempt(_: int) -> SharedPace:
            found = self._documents.get(key)
            before = SharedPace.from_stored(found.data) if found else None
            after = make(before)
            if after != before:
                expected = found.revision if found else ABSENT
                self._documents.commit([Write(key, after.to_stored(), expected)])
            return after

        return settled(attempt)


class _Make(Protocol):
    def __call__(self, before: SharedPace | None) -> SharedPace: ...


def _ahead(worked_off: int, held: Rate, at: int) -> int:
    """Return from when on more can be worked off; a clock that was put back keeps nobody out longer than a window."""
    window = held.per_s * 1_000_000
    return min(max(worked_off, at), at + window + window * held.burst // held.limit)


def _wait(worked_off: int, held: Rate, at: int) -> int:
    """Return in how many microseconds one more may be let through: 0 or less where it may be now."""
    return worked_off - at - (held.burst - 1) * (held.per_s * 1_000_000 // held.limit)


def _named(id: _Id) -> str:
    return digest([*id])[:32]


def _shared(id: _Id, worked_off: int, refused: int, held: Rate) -> SharedPace:
    kept = datetime.fromtimestamp(worked_off // 1_000_000, UTC) + timedelta(seconds=held.per_s)
    return SharedPace(
        id=_named(id), worked_off_at_us=worked_off, refused_at_us=refused, kept_until=kept
    )


def _standing(held: Rate, step: int, ahead: int) -> Standing:
    left = max(0, held.burst - -(-ahead // step))
    return Standing(held.limit, left, max(0, -(-ahead // 1_000_000)))


def told(stands: Sequence[Standing]) -> Iterator[tuple[str, str]]:
    """Yield the headers that say how somebody stands in the class that lets them ask least."""
    if stands:
        least = min(stands, key=lambda one: (one.remaining, -one.reset_s))
        yield "X-RateLimit-Limit", str(least.limit)
        yield "X-RateLimit-Remaining", str(least.remaining)
        yield "X-RateLimit-Reset", str(least.reset_s)


def _us(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _window(per_s: int) -> str:
    named = {MINUTE: "a minute", HOUR: "an hour", DAY: "a day"}
    return named.get(per_s, f"{per_s} s")
