"""Count what each function reads and writes: documents are what the cloud bills, and hot ones what breaks."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from shared.documents import Documents, Key, Query, Snapshot, Write


@dataclass
class Count:
    """How many documents were read, written and deleted."""

    reads: int = 0
    writes: int = 0
    deletes: int = 0


@dataclass
class _Run:
    """One run of one function."""

    function: str
    count: Count = field(default_factory=Count)


_doing: ContextVar[_Run] = ContextVar("doing")


@contextmanager
def doing(function: str) -> Iterator[None]:
    """Say which function everything inside is done for."""
    token = _doing.set(_Run(function))
    try:
        yield
    finally:
        _doing.reset(token)


def current() -> str | None:
    """Return the function that this thread works for, if it does."""
    run = _doing.get(None)
    return run.function if run else None


@dataclass
class Metered:
    """Documents whose use is counted: for each function, the most that one run of it took."""

    documents: Documents
    most: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))

    def get(self, key: Key) -> Snapshot | None:
        """Count one read, found or not."""
        self._count(reads=1)
        return self.documents.get(key)

    def find(self, tenant: str | None, query: Query) -> list[Snapshot]:
        """Count a read for each document, and one for a query that finds none."""
        found = self.documents.find(tenant, query)
        self._count(reads=max(1, len(found)))
        return found

    def count(self, tenant: str | None, query: Query) -> int:
        """Count one read for up to a thousand index entries."""
        counted = self.documents.count(tenant, query)
        self._count(reads=1 + counted // 1000)
        return counted

    def commit(self, writes: Sequence[Write]) -> None:
        """Count the writes and the deletes of a commit that went through."""
        self.documents.commit(writes)
        deletes = sum(write.data is None for write in writes)
        self._count(writes=len(writes) - deletes, deletes=deletes)

    def _count(self, *, reads: int = 0, writes: int = 0, deletes: int = 0) -> None:
        run = _doing.get(None)
        if run is None:
            return
        now, most = run.count, self.most[run.function]
        now.reads, most.reads = now.reads + reads, max(most.reads, now.reads + reads)
        now.writes, most.writes = now.writes + writes, max(most.writes, now.writes + writes)
        now.deletes, most.deletes = now.deletes + deletes, max(most.deletes, now.deletes + deletes)
