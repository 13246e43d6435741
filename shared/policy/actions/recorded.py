"""What was decided lately: as evidence has it, and as it is kept by itself where no entry carries it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from shared.attesting import Attestation
from shared.deciding import Decision
from shared.evidence import Entry
from shared.identity.events import PolicyDenied
from shared.judged import STORED
from shared.queries import Between, Page, Reads, moment
from shared.store import Transaction

R = TypeVar("R")

MAX_LOOKED_THROUGH = 3_000
"""How many entries, and decisions kept by themselves, are looked through together; of each list, a page more may be read."""

QUESTIONS = frozenset({"policy.enforce_tool_use", "policy.evaluate_act"})
"""
The operations by which others have something decided. Who is let ask does nothing by it: what is answered is a decision
of its own, and one act is looked at once.
"""

Kept = tuple[str, Mapping[str, Any] | None]
"""When something was kept, and the decision in it."""


def latest(reads: Reads, limit: int) -> tuple[tuple[Decision, ...], bool]:
    """Return the latest decisions, and whether there are more."""

    def entries(cursor: str | None) -> Page[Entry]:
        return reads.find(Entry, order="-ts", cursor=cursor)

    def alone(cursor: str | None) -> Page[Attestation]:
        return reads.find(Attestation, order="-decided_at", cursor=cursor)

    return _decisions([_entered(entries), _alone(alone)], limit)


def between(
    reads: Reads, since: datetime, to: datetime, limit: int
) -> tuple[tuple[Decision, ...], bool]:
    """Return the latest decisions of a time, and whether there are more."""
    time = Between(moment(since), moment(to))

    def entries(cursor: str | None) -> Page[Entry]:
        return reads.find(Entry, order="-ts", cursor=cursor, ts=time)

    def alone(cursor: str | None) -> Page[Attestation]:
        return reads.find(Attestation, order="-decided_at", cursor=cursor, decided_at=time)

    return _decisions([_entered(entries), _alone(alone)], limit)


def denied(
    txn: Transaction, since: datetime, to: datetime, limit: int
) -> tuple[tuple[Decision, ...], bool]:
    """Return the latest denials of a time, and whether there are more."""
    action, time = PolicyDenied.traits.action, Between(moment(since), moment(to))

    def entries(cursor: str | None) -> Page[Entry]:
        return txn.find(Entry, order="-ts", cursor=cursor, action=action, ts=time)

    found = list(islice(_each(entries), limit + 1))
    return of(txn, found[:limit]), len(found) > limit


def of(txn: Transaction, denials: Iterable[Entry]) -> tuple[Decision, ...]:
    """Return the decisions that denials tell of: an entry carries it, or that whoever asked was let ask, and it is kept."""
    carried = {
        str(one.data["decision_id"]): one.policy.decision if one.policy else None for one in denials
    }
    alone = [id for id, said in carried.items() if said is None or said["decision_id"] != id]
    kept = txn.get_all(Attestation, alone) if alone else {}
    told = (kept[id].decision if id in kept else said for id, said in carried.items())
    return tuple(Decision.model_validate(one, context=STORED) for one in told if one is not None)


def one(txn: Transaction, decision_id: str) -> Decision | None:
    """Return the decision of an id, as an entry carries it or as it is kept by itself; none where there is none."""
    entry = txn.get_or_none(Entry, decision_id)
    carried = entry.policy.decision if entry and entry.policy else None
    if carried is None:
        kept = txn.get_or_none(Attestation, decision_id)
        carried = kept.decision if kept else None
    return Decision.model_validate(carried, context=STORED) if carried is not None else None


def _entered(page: Callable[[str | None], Page[Entry]]) -> Iterator[Kept]:
    for one in _each(page):
        yield one.ts, one.policy.decision if one.policy else None


def _alone(page: Callable[[str | None], Page[Attestation]]) -> Iterator[Kept]:
    for one in _each(page):
        yield moment(one.decided_at), one.decision


def _each(read: Callable[[str | None], Page[R]]) -> Iterator[R]:
    page = read(None)
    yield from page.items
    while page.next_cursor is not None:
        page = read(page.next_cursor)
        yield from page.items


def _decisions(sources: Sequence[Iterator[Kept]], limit: int) -> tuple[tuple[Decision, ...], bool]:
    found = dict[str, Decision]()
    for seen, (_, said) in enumerate(_newest_first(sources)):
        if seen == MAX_LOOKED_THROUGH:
            return tuple(found.values()), True
        if said is None or said["decision_id"] in found or _only_asks(said):
            continue
        if len(found) == limit:
            return tuple(found.values()), True
        decision = Decision.model_validate(said, context=STORED)
        found[decision.decision_id] = decision
    return tuple(found.values()), False


def _newest_first(sources: Sequence[Iterator[Kept]]) -> Iterator[Kept]:
    """Yield what is in several lists that each begin with their latest."""
    heads = {n: one for n, each in enumerate(sources) if (one := next(each, None)) is not None}
    while heads:
        newest = max(heads, key=lambda n: heads[n][0])
        yield heads.pop(newest)
        following = next(sources[newest], None)
        if following is not None:
            heads[newest] = following


def _only_asks(said: Mapping[str, Any]) -> bool:
    return said["input"]["action"]["name"] in QUESTIONS and said["verdict"].startswith("allow")
