"""What came of many spends: read from the store, and compared with what whoever spent wrote down before they died."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from local.rows import in_port
from local.verify import Verification
from shared.actors import PLATFORM
from shared.budgets.events.budgets import ThresholdCrossed
from shared.budgets.models.budgets import Budget
from shared.budgets.rules.limits import MARKS, Taken, kind_of
from shared.documents import Documents, Key, Write
from shared.edge.keys import FileSigner
from shared.edge.sqlite import SqliteDocuments
from shared.evidence import Entry
from shared.identity.models import VerificationKey
from shared.promises import Due
from shared.queries import Reads
from shared.shares import Reservation, ReservationDeadline

Said = Mapping[int, set[str]]
"""By the number of a spend, what was written down of it."""


def kept(documents: Documents, tenant: str) -> dict[str, Reservation]:
    """Return every reservation of a spend, by its id."""
    found = _all(documents, tenant, Reservation)
    return {one.id: one for one in found if one.id.startswith("spend-")}


def timers(documents: Documents, tenant: str) -> list[Due]:
    """Return the timers of what nobody settled."""
    action = ReservationDeadline.traits.action
    return [one for one in _all(documents, tenant, Due) if one.action == action]


def money(one: Reservation) -> int:
    """Return how much of a settled reservation was spent, which is the same in every budget."""
    (found,) = {held.spent or 0 for held in one.held if held.limit.endswith(".micro_usd")}
    return found


def lost(
    said: Said,
    kept: Mapping[str, Reservation],
    *,
    real: Callable[[int], int],
    forgotten: Callable[[int], bool],
    count: int,
) -> Iterator[str]:
    """Yield what was told to somebody and is not so."""
    for n in range(count):
        what, one = said.get(n, set()), kept.get(f"spend-{n}")
        if "held" in what and one is None:
            yield f"spend {n} was told to be held, and is not there"
        if "settled" in what and (one is None or one.status != "settled"):
            yield f"spend {n} was told to be settled, and is not"
        if one is not None and one.status == "settled" and money(one) != real(n):
            yield f"spend {n} was {real(n)}, and {money(one)} is kept"
        if not what & {"settled", "refused"} and not forgotten(n):
            yield f"spend {n} has no end"


def told(documents: Documents, tenant: str) -> Counter[tuple[str, ...]]:
    """Return how often each threshold was announced, by budget, measure, window and mark."""
    return Counter(
        (one.entity, *(str(one.data[name]) for name in ("measure", "window", "mark")))
        for one in _all(documents, tenant, Entry)
        if one.action == ThresholdCrossed.traits.action
    )


def untold(taken: Mapping[str, Taken], told: Mapping[tuple[str, ...], int]) -> Iterator[str]:
    """Yield the thresholds that the money of a customer's budgets came to, and nobody was told of."""
    announced = {(entity, mark) for entity, *_, mark in told}
    for scope, one in taken.items():
        for mark, _ in MARKS[kind_of(scope)]:
            reached = scope != PLATFORM and one.spent * 100 >= mark * one.limit
            if reached and (f"{Budget.collection}/{scope}", str(mark)) not in announced:
                yield f"{mark} % of {scope} were reached, and nobody was told"


def breaks(documents: Documents, signer: FileSigner) -> list[str]:
    """Return what does not verify of the evidence; the rows of SQLite alone are read."""
    if not isinstance(documents, SqliteDocuments):
        return []
    key = VerificationKey(id=signer.jwk["kid"], jwk=signer.jwk)
    place = Key(PLATFORM, VerificationKey.collection, key.id)
    documents.commit([Write(place, key.model_dump(mode="json"))])
    found = Verification({key.id: key.jwk}, tapped=None).breaks(in_port(documents))
    return [f"the evidence is broken: {one.message}" for one in found]


def _all(documents: Documents, tenant: str, kind: type[Any]) -> Iterator[Any]:
    reads, cursor = Reads(documents, tenant), None
    while True:
        page = reads.find(kind, cursor=cursor)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return
