"""Tell this process what was committed, as Eventarc tells the cloud's functions."""

from collections.abc import Callable, Sequence
from typing import Protocol

from shared.documents import Documents, Key, Query, Snapshot, Write
from shared.edge.settings import Settings
from shared.edge.sqlite import SqliteDocuments

Listener = Callable[[Sequence[Write]], None]


class Store(Documents, Protocol):
    """A store that this process opened: it says what was committed, and is closed."""

    def on_commit(self, listener: Listener) -> None:
        """Call *listener* with the writes of every commit of this process, after it is durable."""

    def close(self) -> None:
        """Let go of the store."""


class Told:
    """Makes a `Store` of documents that live elsewhere."""

    def __init__(self, documents: Documents) -> None:
        """Say where they live."""
        self._documents = documents
        self._listeners: list[Listener] = []

    def on_commit(self, listener: Listener) -> None:
        """Call *listener* with the writes of every commit of this process."""
        self._listeners.append(listener)

    def get(self, key: Key) -> Snapshot | None:
        """Return one document, or None."""
        return self._documents.get(key)

    def get_all(self, keys: Sequence[Key]) -> list[Snapshot | None]:
        """Return what there is of some documents, in the order in which they are named."""
        return self._documents.get_all(keys)

    def find(self, tenant: str | None, query: Query) -> list[Snapshot]:
        """Return the documents of one tenant, or of all."""
        return self._documents.find(tenant, query)

    def count(self, tenant: str | None, query: Query) -> int:
        """Return how many documents meet the query's conditions."""
        return self._documents.count(tenant, query)

    def commit(self, writes: Sequence[Write]) -> None:
        """Write all or nothing, and tell."""
        self._documents.commit(writes)
        for listener in self._listeners:
            listener(writes)

    def close(self) -> None:
        """Leave them as they are: the connections belong to the process."""


def opened(settings: Settings) -> Store:
    """Open the store that is set."""
    if settings.store == "firestore":
        from shared.edge.firestore import FirestoreDocuments

        return Told(FirestoreDocuments(settings.project))
    return SqliteDocuments(settings.data / "store.db")
