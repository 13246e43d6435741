"""Count what each function reads and writes: documents are what the cloud bills, and hot ones what breaks."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from shared.store import Documents, Key, Query, Snapshot, Write


@dataclass(eq=False)
class Run:
    """One run of one function."""

    function: str


_doing: ContextVar[Run | None] = ContextVar("doing", default=None)


@contextmanager
def doing(function: str) -> Iterator[None]:
    """Say which function everything inside is done for."""
    token = _doing.set(Run(function))
    try:
        yield
    finally:
        _doing.reset(token)


@dataclass
class Count:
    """What one run of a function cost."""

    reads: int = 0
    writes: int = 0
    deletes: int = 0


@dataclass
class Metered:
    """Documents whose use is counted, for each run of a function by itself."""

    documents: Documents
    counts: dict[Run | None, Count] = field(default_factory=lambda: defaultdict(Count))

    def costliest(self) -> dict[str, Count]:
        """Return, for each function, the most that one run of it took."""
        most: dict[str, Count] = defaultdict(Count)
        for run, count in list(self.counts.items()):
            if run is not None:
                top = most[run.function]
                top.reads = max(top.reads, count.reads)
                top.writes = max(top.writes, count.writes)
                top.deletes = max(top.deletes, count.deletes)
        return dict(most)

    def get(self, key: Key) -> Snapshot | None:
        """Count one read, found or not."""
        self._now.reads += 1
        return self.documents.get(key)

    def find(self, tenant: str | None, query: Query) -> list[Snapshot]:
        """Count a read for each document, and one for a query that finds none."""
        found = self.documents.find(tenant, query)
        self._now.reads += max(1, len(found))
        return found

    def count(self, tenant: str | None, query: Query) -> int:
        """Count one read for up to a thousand index entries."""
        counted = self.documents.count(tenant, query)
        self._now.reads += 1 + counted // 1000
        return counted

    def commit(self, writes: Sequence[Write]) -> None:
        """Count the writes and the deletes of a commit that went through."""
        self.documents.commit(writes)
        self._now.writes += sum(write.data is not None for write in writes)
        self._now.deletes += sum(write.data is None for write in writes)

    @property
    def _now(self) -> Count:
        return self.counts[_doing.get()]
