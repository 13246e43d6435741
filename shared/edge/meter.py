"""
Count what each function takes of what the cloud bills, at the ports.

Firestore (Standard edition) bills documents: a query at least one, an aggregation one for every thousand
index entries. Pub/Sub bills bytes, a message at least a thousand. A signature and CPU time are no
items of a bill by themselves: they are what a run's duration is made of.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import field
from datetime import timedelta
from weakref import WeakSet

from shared.bus import Bus, Message
from shared.documents import Documents, Key, Query, Snapshot, Write
from shared.evidence import Signer
from shared.files import Content, FileStore
from shared.records import dataclass

MESSAGE_BYTES = 1000
"""What a smaller message is billed as."""


@dataclass
class Count:
    """What was taken: documents, messages, signatures, people's files and milliseconds of CPU."""

    runs: int = 0
    reads: int = 0
    index_reads: int = 0
    writes: int = 0
    deletes: int = 0
    changes: int = 0
    """Writes and deletes together, as whoever keeps a tally may write a shard or delete it."""
    publishes: int = 0
    signatures: int = 0
    files: int = 0
    cpu_ms: float = 0.0

    def add(self, other: "Count") -> None:
        """Add what somebody else took."""
        own = vars(self)
        for name, taken in vars(other).items():
            if taken:
                own[name] += taken

    def raise_to(self, other: "Count") -> None:
        """Become the most of both, in each respect."""
        own = vars(self)
        for name, taken in vars(other).items():
            own[name] = max(own[name], taken)


@dataclass
class _Run:
    """One run of one function."""

    function: str
    outer: "_Run | None"
    count: Count = field(default_factory=lambda: Count(runs=1))
    inner_ms: float = 0.0


_doing: ContextVar[_Run | None] = ContextVar("doing", default=None)
_meters: WeakSet["Metered"] = WeakSet()
_folding = threading.Lock()


@contextmanager
def doing(function: str) -> Iterator[None]:
    """Say which function everything inside is done for, where somebody counts."""
    if not _meters:
        yield
        return
    run = _Run(function, _doing.get())
    token = _doing.set(run)
    started = time.thread_time()
    try:
        yield
    finally:
        _doing.reset(token)
        took_ms = (time.thread_time() - started) * 1000
        run.count.cpu_ms = took_ms - run.inner_ms
        if run.outer is not None:
            run.outer.inner_ms += took_ms
        with _folding:
            for meter in _meters:
                meter.most[function].raise_to(run.count)
                meter.total[function].add(run.count)


def current() -> str | None:
    """Return the function that this thread works for, if it does."""
    run = _doing.get()
    return run.function if run else None


def _counted(**more: int) -> None:
    run = _doing.get()
    if run is not None:
        own = vars(run.count)
        for name, taken in more.items():
            own[name] += taken


@dataclass(eq=False)
class Metered:
    """Documents whose use is counted: for each function, the most that one run of it took, and all runs."""

    documents: Documents
    most: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    total: dict[str, Count] = field(default_factory=lambda: defaultdict(Count))
    counting: bool = True
    """Whether anybody counts; else it is as if it were not there."""

    def __post_init__(self) -> None:
        if self.counting:
            _meters.add(self)

    def get(self, key: Key) -> Snapshot | None:
        """Count one read, found or not."""
        _counted(reads=1)
        return self.documents.get(key)

    def get_all(self, keys: Sequence[Key]) -> list[Snapshot | None]:
        """Count one read for each, found or not; one that is named twice is read once."""
        _counted(reads=len(set(keys)))
        return self.documents.get_all(keys)

    def find(self, tenant: str | None, query: Query) -> list[Snapshot]:
        """Count a read for each document, and one for a query that finds none."""
        found = self.documents.find(tenant, query)
        _counted(reads=max(1, len(found)))
        return found

    def count(self, tenant: str | None, query: Query) -> int:
        """Count one read for up to a thousand index entries."""
        counted = self.documents.count(tenant, query)
        _counted(index_reads=1 + counted // 1000)
        return counted

    def commit(self, writes: Sequence[Write]) -> None:
        """Count the writes and the deletes of a commit that went through."""
        self.documents.commit(writes)
        deletes = sum(write.data is None for write in writes)
        _counted(writes=len(writes) - deletes, deletes=deletes, changes=len(writes))


@dataclass
class MeteredBus:
    """A bus whose messages are counted, by topic too: what is relayed is done for no one function."""

    bus: Bus
    sent: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    sent_bytes: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def publish(self, messages: Sequence[Message]) -> None:
        """Count messages that were taken."""
        self.bus.publish(messages)
        _counted(publishes=len(messages))
        for message in messages:
            self.sent[message.topic] += 1
            self.sent_bytes[message.topic] += max(MESSAGE_BYTES, _size(message))


@dataclass
class MeteredSigner:
    """A signer whose signatures are counted."""

    signer: Signer

    def sign(self, message: bytes) -> tuple[str, str]:
        """Count one signature."""
        _counted(signatures=1)
        return self.signer.sign(message)


@dataclass
class MeteredFiles:
    """A place for people's documents whose use is counted."""

    files: FileStore

    def keep(self, name: str, content: Content) -> None:
        """Count one operation of the object store."""
        _counted(files=1)
        self.files.keep(name, content)

    def read(self, name: str) -> Content:
        """Count one, likewise."""
        _counted(files=1)
        return self.files.read(name)

    def link(self, name: str, filename: str, *, lasts: timedelta) -> str:
        """Count nothing: who follows the link is billed for."""
        return self.files.link(name, filename, lasts=lasts)

    def remove(self, name: str) -> None:
        """Count one, likewise."""
        _counted(files=1)
        self.files.remove(name)

    def remove_all(self, under: str) -> None:
        """Count one that lists them: to remove them is free."""
        _counted(files=1)
        self.files.remove_all(under)


def _size(message: Message) -> int:
    attributes = (len(name) + len(value) for name, value in message.attributes.items())
    return len(message.data) + len(message.subject) + sum(attributes)
