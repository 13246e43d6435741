"""Where the documents of projections lie: on the side that is shown, or on the one that is folded into."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from shared.actors import PLATFORM
from shared.documents import ABSENT, Documents, Key, Query, Snapshot, Write
from shared.edge.meter import doing
from shared.projections import PROJECTED, Sides, placed

if TYPE_CHECKING:
    from shared.edge.ports import Ports

REMEMBERED = timedelta(minutes=1)
"""How long a process in the cloud goes by the sides that it read; one machine reads them each time."""

PATIENCE, PATIENCE_HERE = timedelta(minutes=4), timedelta(seconds=2)
"""How long a rebuild waits for others: what they remember, the longest run of theirs, and how clocks differ."""


def sides(ports: "Ports", name: str) -> Sides:
    """Return the sides of a projection, as this process knows them."""

    def read() -> Sides:
        with doing("edge.sides"):
            found = ports.documents.get(Key(PLATFORM, Sides.collection, name))
        return Sides.from_stored(found.data) if found else Sides(id=name)

    keep = timedelta() if ports.settings.local else REMEMBERED
    return ports.memory.recall(f"sides of {name}", read, at=ports.clock(), keep=keep)


class Shown:
    """Documents as a call sees them: of each projection the side that is shown, the same one throughout the call."""

    def __init__(self, ports: "Ports") -> None:
        """Look nothing up before it is needed."""
        self._ports, self._known = ports, dict[str, int]()

    def get(self, key: Key) -> Snapshot | None:
        """Return one document, or None."""
        if key.collection not in PROJECTED:
            return self._ports.documents.get(key)
        return got(self._ports.documents, key, self._side(key.collection))

    def get_all(self, keys: Sequence[Key]) -> list[Snapshot | None]:
        """Return what there is of some documents, in the order in which they are named."""
        lying = [replace(key, collection=self._place(key.collection)) for key in keys]
        found = self._ports.documents.get_all(lying)
        return [one and replace(one, key=key) for one, key in zip(found, keys, strict=True)]

    def find(self, tenant: str | None, query: Query) -> list[Snapshot]:
        """Return the documents that a query finds."""
        found = self._ports.documents.find(tenant, self._placed(query))
        if query.collection not in PROJECTED:
            return found
        return [replace(one, key=replace(one.key, collection=query.collection)) for one in found]

    def count(self, tenant: str | None, query: Query) -> int:
        """Return how many documents meet a query's conditions."""
        return self._ports.documents.count(tenant, self._placed(query))

    def commit(self, writes: Sequence[Write]) -> None:
        """Write what is no view; only a fold writes those, and it says to which side."""
        self._ports.documents.commit(writes)

    def _placed(self, query: Query) -> Query:
        return replace(query, collection=self._place(query.collection))

    def _place(self, collection: str) -> str:
        if collection not in PROJECTED:
            return collection
        return placed(collection, self._side(collection))

    def _side(self, collection: str) -> int:
        name = PROJECTED[collection]
        if name not in self._known:
            self._known[name] = sides(self._ports, name).shown
        return self._known[name]


class OfSide:
    """Documents as a fold sees them: of its projection one side."""

    def __init__(self, documents: Documents, side: int) -> None:
        """Look in *documents*."""
        self._documents, self._side = documents, side

    def get(self, key: Key) -> Snapshot | None:
        """Return one document, or None."""
        if key.collection not in PROJECTED:
            return self._documents.get(key)
        return got(self._documents, key, self._side)

    def get_all(self, keys: Sequence[Key]) -> list[Snapshot | None]:
        """Return what there is of some documents, in the order in which they are named."""
        return [self.get(key) for key in keys]

    def find(self, tenant: str | None, query: Query) -> list[Snapshot]:
        """Return the documents that a query finds; none of its own, which it looks up by their ids."""
        if query.collection in PROJECTED:
            raise RuntimeError(f"a fold looks {query.collection} up by their ids")
        return self._documents.find(tenant, query)

    def count(self, _: str | None, query: Query) -> int:
        """Count nothing: what a fold keeps follows from the event."""
        raise RuntimeError(f"a fold counts no {query.collection}")

    def commit(self, _: Sequence[Write]) -> None:
        """Leave it to whoever delivers."""
        raise RuntimeError("a fold commits nothing by itself")


class Staged:
    """Documents as they will be: many folds, one after the other, become one commit."""

    def __init__(self, documents: Documents) -> None:
        """Begin with what is stored."""
        self._documents = documents
        self._seen: dict[Key, Snapshot | None] = {}
        self._writes: dict[Key, Write] = {}

    @property
    def writes(self) -> Iterator[Write]:
        """What came of all of it; what came and went was never there."""
        return (
            one
            for one in self._writes.values()
            if one.data is not None or one.expected is not ABSENT
        )

    def get(self, key: Key) -> Snapshot | None:
        """Return one document as it will be, or None."""
        if staged := self._writes.get(key):
            return Snapshot(key, staged.data, "staged") if staged.data is not None else None
        if key not in self._seen:
            self._seen[key] = self._documents.get(key)
        return self._seen[key]

    def get_all(self, keys: Sequence[Key]) -> list[Snapshot | None]:
        """Return some documents as they will be, in the order in which they are named."""
        return [self.get(key) for key in keys]

    def find(self, tenant: str | None, query: Query) -> list[Snapshot]:
        """Return what a query finds that is stored."""
        return self._documents.find(tenant, query)

    def count(self, tenant: str | None, query: Query) -> int:
        """Return how many are stored."""
        return self._documents.count(tenant, query)

    def stage(self, writes: Sequence[Write]) -> None:
        """Take the writes of a fold; each document is still expected as it is stored."""
        for one in writes:
            first = self._writes.get(one.key)
            expected = first.expected if first else one.expected
            self._writes[one.key] = Write(one.key, one.data, expected)

    def commit(self, _: Sequence[Write]) -> None:
        """Leave it to the step."""
        raise RuntimeError("a fold commits nothing by itself")


def got(documents: Documents, key: Key, side: int) -> Snapshot | None:
    """Return a document of a side as if it lay where its kind says."""
    found = documents.get(replace(key, collection=placed(key.collection, side)))
    return found and replace(found, key=key)
