"""
Documents in one SQLite file: the embedded default.

Readers never wait for writers: the file is in WAL mode, and a few connections serve all threads. All commits of a
process go through one writer thread, which runs each in a savepoint and makes a whole batch durable with one
synchronisation, so that many callers share its cost. Other processes may use the same file: writers take turns at a
lock beside it, in the order in which they came, where SQLite alone would have them look again and again.
"""

import fcntl
import json
import logging
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from io import FileIO
from pathlib import Path
from typing import Any
from weakref import finalize

from pydantic_core import from_json

from shared.documents import (
    EXPIRY,
    Condition,
    Contended,
    Key,
    Query,
    Snapshot,
    Write,
)
from shared.edge import limits, sql
from shared.edge.applying import Change, apply
from shared.edge.layout import declared, lay_out
from shared.edge.sql import Index
from shared.errors import Rejected, StoreUnavailable

log = logging.getLogger("waooaw.sqlite")

BUSY_TIMEOUT_MS = 5_000
BATCH = 64
WRITERS_CACHE_KIB = 16 * 1024
"""What a commit writes to again and again: the ends of all the indexes of a long list."""

READERS = 3
"""How many read at the same time: Python has work for two, and a connection takes 1 MB and 6 ms to open."""

READERS_CACHE_KIB = 256
"""Whatever anybody commits, each reader's cache begins anew: it is for the pages of one query."""

FORGOTTEN_AT_ONCE = 100
"""How much of what is kept no longer one commit deletes."""

_FOR_GOOD = {
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_TOOBIG,
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_MISMATCH,
    sqlite3.SQLITE_MISUSE,
    sqlite3.SQLITE_RANGE,
}
"""The result codes of what is wrong with a statement, and not with the file."""

Listener = Callable[[Sequence[Write]], None]

Waiting = tuple[Sequence[Change], Future[None]]
"""A commit, and what whoever asked for it waits for."""


class _Reader:
    """A connection that is closed when nobody has it any more."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        # What closes it holds it, so that it is not gone before, in whatever order things go that nobody has any more.
        finalize(self, connection.close).atexit = False


class SqliteDocuments:
    """The `Documents` port on SQLite."""

    def __init__(self, file: Path, indexes: Iterable[Index] | None = None) -> None:
        """
        Open a file, making it and its folder where they do not exist.

        Args:
            file: Where it is.

            indexes: The indexes that queries read, which it is given now and never later; those declared for all
                queries that the code asks, if none are named.
        """
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file, self._turns = file, file.with_name(f"{file.name}-lock")
        self._idle = list[_Reader]()
        self._room: queue.SimpleQueue[None] = queue.SimpleQueue()
        for _ in range(READERS):
            self._room.put(None)
        self._indexes = tuple(declared() if indexes is None else indexes)
        self._sources: dict[Index, str] = {}
        self._listeners: list[Listener] = []
        self._queue: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        self._starting = threading.Lock()
        connection = self._connect()
        try:
            connection.execute("pragma journal_mode = wal")
            lay_out(connection, self._indexes)
        except sqlite3.Error as error:
            raise _failed(error) from error
        finally:
            connection.close()

    def on_commit(self, listener: Listener) -> None:
        """Call *listener* with the writes of every commit of this process, after it is durable."""
        self._listeners.append(listener)

    def get(self, key: Key) -> Snapshot | None:
        """Return one document, or None."""
        limits.check_key(key)
        found = self._rows(
            "select data, revision from documents where tenant = ? and collection = ? and id = ?",
            (key.tenant, key.collection, key.id),
        )
        return Snapshot(key, _read(found[0][0]), str(found[0][1])) if found else None

    def get_all(self, keys: Sequence[Key]) -> list[Snapshot | None]:
        """Return what there is of some documents, in the order in which they are named."""
        for key in keys:
            limits.check_key(key)
        if not keys:
            return []
        rows = [(Key(*row[:3]), *row[3:]) for row in self._rows(*sql.some(keys))]
        found = {key: Snapshot(key, _read(data), str(revision)) for key, data, revision in rows}
        return [found.get(key) for key in keys]

    def find(self, tenant: str | None, query: Query) -> list[Snapshot]:
        """Return the documents of one tenant, or of all."""
        limits.check_query(tenant, query)
        if tenant is None and not query.where and not query.order:
            return self._everywhere(query)
        return self._found(tenant, query)

    def count(self, tenant: str | None, query: Query) -> int:
        """Return how many documents meet the query's conditions."""
        limits.check_conditions(tenant, query)
        # Whatever order it asks for is no matter, nor looked at.
        query = Query(query.collection, query.where)
        asked = sql.count(tenant, query, self._source(tenant, query))
        return int(self._rows(*asked)[0][0]) if asked else 0

    def commit(self, writes: Sequence[Write]) -> None:
        """Write all or nothing; return once it is durable."""
        if not writes:
            return
        limits.check_writes(writes)
        changes = [(write, _text(write.data)) for write in writes]
        done: Future[None] = Future()
        with self._starting:
            if self._writer is None:
                self._writer = threading.Thread(target=self._write, name="store", daemon=True)
                self._writer.start()
            self._queue.put((changes, done))
        self._wait(done)
        for listener in self._listeners:
            listener(writes)

    @staticmethod
    def _wait(done: Future[None]) -> None:
        """Wait until a commit is durable; whoever waits too long for a turn gives it up, and nothing happens."""
        try:
            done.result(BUSY_TIMEOUT_MS / 1000)
        except TimeoutError:
            if done.cancel():
                raise StoreUnavailable(
                    "others write for too long; nothing happened, try again", retry_after_s=5
                ) from None
            done.result()

    def forget(self, until: str, most: int = FORGOTTEN_AT_ONCE) -> int:
        """Delete some of what is kept no longer, as Firestore does by itself, and return how much that was."""
        over = Condition(EXPIRY, "<=", until)
        found = list[Snapshot]()
        for index in self._indexes:
            if index.order[0] == f"$.{EXPIRY}":
                query = Query(index.collection, (over,), ((EXPIRY, "asc"),), most - len(found))
                found += self._found(None, query) if query.limit else []
        try:
            self.commit([Write(one.key, None, one.revision) for one in found])
        except Contended:
            # One of them is kept longer now: another time.
            return 0
        return len(found)

    def close(self) -> None:
        """Let the writer finish what it has, end it, and close every reader that is not reading."""
        with self._starting:
            if self._writer is not None:
                self._queue.put(None)
                # One that waits for a turn that never comes ends with the process.
                self._writer.join(BUSY_TIMEOUT_MS / 1000)
                self._writer = None
            # Those who read just now keep theirs until they have; who reads later opens the file again.
            self._idle = []

    # --- reading ---------------------------------------------------------------------------------

    def _connect(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = None
        try:
            # Whoever reads takes one for itself, whichever thread it is.
            connection = sqlite3.connect(self._file, isolation_level=None, check_same_thread=False)
            connection.execute(f"pragma busy_timeout = {BUSY_TIMEOUT_MS}")
            connection.execute("pragma synchronous = full")
            connection.execute(f"pragma cache_size = -{READERS_CACHE_KIB}")
        except sqlite3.Error as error:
            _close(connection)
            raise _failed(error) from error
        return connection

    def _rows(self, statement: str, values: Sequence[Any]) -> list[Any]:
        idle = self._idle
        self._room.get()
        try:
            try:
                # The one that was used last: it has the least to read anew, and the others are for when many read.
                reader = idle.pop()
            except IndexError:
                reader = _Reader(self._connect())
            found = reader.connection.execute(statement, values).fetchall()
            idle.append(reader)
        except sqlite3.Error as error:
            raise _failed(error) from error
        finally:
            self._room.put(None)
        return found

    def _found(self, tenant: str | None, query: Query) -> list[Snapshot]:
        asked = sql.find(tenant, query, self._source(tenant, query))
        return [
            Snapshot(Key(row[0], query.collection, row[1]), _read(row[2]), str(row[3]))
            for row in (self._rows(*asked) if asked else ())
        ]

    def _everywhere(self, query: Query) -> list[Snapshot]:
        """Find what all tenants have by the primary key, in which those of each tenant are together."""
        found, tenant = list[Snapshot](), ""
        if query.after:
            tenant, last = (str(one) for one in query.after)
            found = self._found(tenant, replace(query, after=(last,)))
        following = "select min(tenant) from documents where tenant > ?"
        while len(found) < query.limit and (tenant := self._rows(following, [tenant])[0][0]):
            found += self._found(tenant, replace(query, after=(), limit=query.limit - len(found)))
        return found

    def _source(self, tenant: str | None, query: Query) -> str:
        """
        Say where a query of this shape reads: through its own index, or what there is of it.

        It is named, because the planner prefers the primary key, which means all of the collection. A query
        that nobody declared is right without one.
        """
        wanted = Index.of(tenant, query)
        if wanted not in self._sources:
            index = sql.serving(wanted, self._indexes)
            self._sources[wanted] = f'documents indexed by "{index.name}"' if index else "documents"
        return self._sources[wanted]

    # --- writing ---------------------------------------------------------------------------------

    def _write(self) -> None:
        connection, turns = None, None
        while (waiting := self._queue.get()) is not None:
            batch, taken = [waiting], None
            try:
                connection = connection or self._writing()
                turns = turns or FileIO(self._turns, "w", opener=_private)
                fcntl.flock(turns, fcntl.LOCK_EX)
                # Those who came while others had their turn go together.
                batch += self._behind()
                taken = _taken(batch)
                failures = _carry_out(connection, [changes for changes, _ in taken])
                fcntl.flock(turns, fcntl.LOCK_UN)
            except Exception as error:  # noqa: BLE001 - those who wait must hear of whatever it is
                taken = _taken(batch) if taken is None else taken
                failures = [_failed(error)] * len(taken)
                _close(connection, turns)
                connection = turns = None
            for (_, done), failure in zip(taken, failures, strict=True):
                if failure is None:
                    done.set_result(None)
                else:
                    done.set_exception(failure)
        _close(connection, turns)

    def _writing(self) -> sqlite3.Connection:
        connection = self._connect()
        connection.execute(f"pragma cache_size = -{WRITERS_CACHE_KIB}")
        return connection

    def _behind(self) -> list[Waiting]:
        """Return those who wait behind one who has a turn."""
        batch = list[Waiting]()
        while len(batch) < BATCH - 1 and not self._queue.empty():
            waiting = self._queue.get()
            if waiting is None:
                # The end has come, and is for the next turn.
                self._queue.put(None)
                break
            batch.append(waiting)
        return batch


def _taken(batch: Sequence[Waiting]) -> list[Waiting]:
    """Return who still waits; from now on nobody gives up."""
    return [one for one in batch if one[1].set_running_or_notify_cancel()]


def _carry_out(
    connection: sqlite3.Connection, batch: Sequence[Sequence[Change]]
) -> list[Exception | None]:
    """Commit a batch: each of its members by itself all or nothing, and all durable together."""
    failures: list[Exception | None] = []
    connection.execute("begin immediate")
    for changes in batch:
        connection.execute("savepoint one")
        try:
            apply(connection, changes)
            failures.append(None)
        except Contended as contended:
            connection.execute("rollback to one")
            failures.append(contended)
        connection.execute("release one")
    connection.execute("commit")
    return failures


def _read(text: str) -> Any:
    """
    Read a document: what models are read with takes a quarter of what the standard library takes.

    What is no JSON is a document that says nothing: it is none of any kind, can be removed, and keeps out no other.
    """
    try:
        return from_json(text, cache_strings="keys")
    except ValueError:
        return {}


def _text(data: dict[str, Any] | None) -> str | None:
    """Write a document in the one way there is: its members by name, and zero without a sign."""
    if data is None:
        return None
    text = _written(data)
    # Looked for in the text, as a walk through every document would take longer than all of the rest.
    return _written(_unsigned(data)) if "-0.0" in text else text


# Made once, and without a look for what holds itself: that is too deep for a document before.
_written = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, separators=(",", ":"), sort_keys=True
).encode


def _unsigned(value: Any) -> Any:
    match value:
        case dict():
            return {name: _unsigned(item) for name, item in value.items()}
        case list() | tuple():
            return [_unsigned(item) for item in value]
        case float():
            return value + 0.0
    return value


def _private(file: str, flags: int) -> int:
    return os.open(file, flags, 0o600)


def _close(*opened: sqlite3.Connection | FileIO | None) -> None:
    for one in opened:
        if one is not None:
            one.close()


def _failed(error: Exception) -> Exception:
    """Return what an error means: what SQLite refuses for good is a defect, as what is no error of its is."""
    if not isinstance(error, sqlite3.Error):
        return error
    if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE) & 0xFF in _FOR_GOOD:
        log.error("SQLite refuses for good: %s", error)
        return Rejected(f"SQLite refuses this for good ({type(error).__name__})")
    return StoreUnavailable(
        f"the store cannot be used now ({error}); nothing happened, try again", retry_after_s=5
    )
