"""Walk over many documents, past what is none: one malformed row never stops those behind it."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

from shared.documents import MAX_LIST, Contended, Documents, Key, Query, Scalar, Snapshot
from shared.edge import limits
from shared.edge.logs import hashed
from shared.entity import Record
from shared.errors import BadRequest, Invalid, StoreUnavailable

log = logging.getLogger("waooaw.store")

R = TypeVar("R", bound=Record)
T = TypeVar("T")

_MOST_TOLD = 10_000
_told: set[Key] = set()
"""What this process has named in its log already."""


def pages(documents: Documents, tenant: str | None, query: Query) -> Iterator[list[Snapshot]]:
    """
    Return what a query finds, page by page; whatever is done to a page, the next one begins behind it.

    The first page is as long as the query says, for most walks end there.
    """
    while found := documents.find(tenant, query):
        yield found
        if len(found) < query.limit:
            return
        longer = replace(query, limit=max(query.limit, MAX_LIST))
        # A place that nobody could have written to is none to go on from; what is behind it is read twice.
        onward = (replace(longer, after=_place(tenant, query, one)) for one in reversed(found))
        after = next((one for one in onward if _can_be_asked(tenant, one)), None)
        query = after or replace(longer, limit=2 * longer.limit)


def readable(found: Iterable[Snapshot], read: Callable[[Snapshot], T]) -> list[T]:
    """
    Return what can be read of some documents, as *read* does it; the others are named in the log, each once.

    Raises:
        StoreUnavailable: What *read* needs cannot be had now.
    """
    return list(_readable(found, read))


def first(
    documents: Documents, tenant: str | None, query: Query, read: Callable[[Snapshot], T]
) -> T | None:
    """Return the first document that can be read; None where there is none."""
    found = (one for page in pages(documents, tenant, query) for one in _readable(page, read))
    return next(found, None)


def record(kind: type[R]) -> Callable[[Snapshot], R]:
    """Return how a record of a kind is read, at its own place."""

    def read(found: Snapshot) -> R:
        if found.data.get("id") != found.key.id:
            raise Invalid("it says that it is another one")
        return kind.from_stored(found.data)

    return read


def _readable(found: Iterable[Snapshot], read: Callable[[Snapshot], T]) -> Iterator[T]:
    for one in found:
        try:
            yield read(one)
        except (StoreUnavailable, Contended):
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one, the others are not
            _tell(one.key, error)


def _tell(place: Key, error: Exception) -> None:
    """Name what is passed over, once: neither its values, nor an error's words, which may hold some."""
    if place in _told:
        return
    if len(_told) >= _MOST_TOLD:
        _told.clear()
    _told.add(place)
    log.error(
        "%s %.200r of the tenant %s is passed over: it cannot be read (%s)",
        place.collection,
        place.id,
        hashed(place.tenant),
        type(error).__name__,
    )


def _place(tenant: str | None, query: Query, last: Snapshot) -> tuple[Scalar, ...]:
    values = [_at(last.data, name) for name, _ in query.order]
    ids = [last.key.id] if tenant is not None else [last.key.tenant, last.key.id]
    return (*values, *ids)


def _at(data: Any, name: str) -> Any:
    for part in name.split("."):
        data = data[part]
    return data


def _can_be_asked(tenant: str | None, query: Query) -> bool:
    try:
        limits.check_query(tenant, query)
    except (BadRequest, Invalid):
        return False
    return True
