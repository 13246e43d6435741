"""
Documents in one SQLite file: the embedded default.

Readers never wait: the file is in WAL mode and each thread has its own connection. All commits of a
process go through one writer thread, which runs each in a savepoint and makes a whole batch durable with
one synchronisation, so that many callers share its cost. Other processes may use the same file.
"""

import json
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

from shared.documents import (
    ABSENT,
    ANYTHING,
    Contended,
    Key,
    Query,
    Snapshot,
    Write,
)
from shared.edge import limits, sql
from shared.errors import Rejected, StoreUnavailable

log = logging.getLogger("waooaw.sqlite")

BUSY_TIMEOUT_MS = 5_000
BATCH = 64

SCHEMA = """
create table if not exists documents (
  tenant text not null, collection text not null, id text not null,
  revision integer not null, data text not null,
  primary key (tenant, collection, id)
) without rowid
"""

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

Change = tuple[Write, str | None]
"""A write, and the text of its document."""

Waiting = tuple[Sequence[Change], Future[None]]
"""A commit, and what whoever asked for it waits for."""


class _Reader:
    """The connection of one thread: closed when the thread has ended, or the store is closed."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def __del__(self) -> None:
        self.connection.close()


class SqliteDocuments:
    """The `Documents` port on SQLite."""

    def __init__(self, file: Path) -> None:
        """Open *file*, making it and its folder where they do not exist."""
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file
        self._local = threading.local()
        self._indexed: set[str] = set()
        self._listeners: list[Listener] = []
        self._queue: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        self._starting = threading.Lock()
        connection = self._connect()
        try:
            connection.execute("pragma journal_mode = wal")
            connection.execute(SCHEMA)
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
        return Snapshot(key, json.loads(found[0][0]), str(found[0][1])) if found else None

    def find(self, tenant: str | None, query: Query) -> list[Snapshot]:
        """Return the documents of one tenant, or of all."""
        limits.check_query(tenant, query)
        conditions, values = sql.where(tenant, query)
        conditions += [f"{sql.kind(name)} is not null" for name, _ in query.order]
        columns, ways = [sql.key(name) for name, _ in query.order], [way for _, way in query.order]
        last = ways[-1] if ways else "asc"
        place = ["id"] if tenant is not None else ["tenant", "id"]
        columns, ways = columns + place, ways + [last] * len(place)
        if query.after:
            conditions.append(sql.beyond(columns, ways))
            values += sql.beyond_values(query.after)
        order = [f"{column} {way}" for column, way in zip(columns, ways, strict=True)]
        rows = self._rows(
            f"select tenant, id, data, revision from {self._source(tenant, query, query.order)}"  # noqa: S608
            f" where {' and '.join(conditions)} order by {', '.join(order)} limit ?",
            (*values, query.limit),
        )
        return [
            Snapshot(Key(row[0], query.collection, row[1]), json.loads(row[2]), str(row[3]))
            for row in rows
        ]

    def count(self, tenant: str | None, query: Query) -> int:
        """Return how many documents meet the query's conditions."""
        limits.check_conditions(tenant, query)
        conditions, values = sql.where(tenant, query)
        rows = self._rows(
            f"select count(*) from {self._source(tenant, query, ())}"  # noqa: S608
            f" where {' and '.join(conditions)}",
            values,
        )
        return int(rows[0][0])

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
        done.result()
        for listener in self._listeners:
            listener(writes)

    def close(self) -> None:
        """Let the writer finish what it has, end it, and close every reader that is not reading."""
        with self._starting:
            if self._writer is not None:
                self._queue.put(None)
                self._writer.join()
                self._writer = None
            # What all threads keep here goes with it; who reads later opens the file again.
            self._local = threading.local()

    # --- reading ---------------------------------------------------------------------------------

    def _connect(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = None
        try:
            # Each thread uses its own, and any may close it.
            connection = sqlite3.connect(self._file, isolation_level=None, check_same_thread=False)
            connection.execute(f"pragma busy_timeout = {BUSY_TIMEOUT_MS}")
            connection.execute("pragma synchronous = full")
        except sqlite3.Error as error:
            _close(connection)
            raise _failed(error) from error
        return connection

    def _rows(self, statement: str, values: Sequence[Any]) -> list[Any]:
        reader: _Reader | None = getattr(self._local, "reader", None)
        try:
            if reader is None:
                reader = self._local.reader = _Reader(self._connect())
            return reader.connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise _failed(error) from error

    def _source(self, tenant: str | None, query: Query, order: Sequence[tuple[str, str]]) -> str:
        """
        Say where a query of this shape reads: through its own index, which is made when first needed.

        It is named, because the planner prefers the primary key, which means all of the collection. Where
        it cannot be made now, since another process is writing, the query is right without it and the next
        one tries again.
        """
        columns = sql.columns(tenant, query, order)
        if not columns:
            return "documents"
        name = sql.index_name(query.collection, columns)
        if name not in self._indexed:
            statement = sql.index(name)
            with suppress(StoreUnavailable):
                self._rows("pragma busy_timeout = 0", ())
                self._rows(statement, ())
                self._indexed.add(name)
            self._rows(f"pragma busy_timeout = {BUSY_TIMEOUT_MS}", ())
        return f'documents indexed by "{name}"' if name in self._indexed else "documents"

    # --- writing ---------------------------------------------------------------------------------

    def _write(self) -> None:
        connection: sqlite3.Connection | None = None
        while batch := self._batch():
            try:
                connection = connection or self._connect()
                failures = _carry_out(connection, [changes for changes, _ in batch])
            except Exception as error:  # noqa: BLE001 - those who wait must hear of whatever it is
                failures = [_failed(error)] * len(batch)
                _close(connection)
                connection = None
            for (_, done), failure in zip(batch, failures, strict=True):
                if failure is None:
                    done.set_result(None)
                else:
                    done.set_exception(failure)
        _close(connection)

    def _batch(self) -> list[Waiting]:
        """Wait for a commit, and take those that wait behind it; return none when the end has come."""
        batch = list[Waiting]()
        while (waiting := self._queue.get()) is not None:
            batch.append(waiting)
            if len(batch) == BATCH or self._queue.empty():
                return batch
        if batch:
            self._queue.put(None)
        return batch


def _carry_out(
    connection: sqlite3.Connection, batch: Sequence[Sequence[Change]]
) -> list[Exception | None]:
    """Commit a batch: each of its members by itself all or nothing, and all durable together."""
    failures: list[Exception | None] = []
    connection.execute("begin immediate")
    for changes in batch:
        connection.execute("savepoint one")
        try:
            for write, text in changes:
                _apply(connection, write, text)
            failures.append(None)
        except Contended as contended:
            connection.execute("rollback to one")
            failures.append(contended)
        connection.execute("release one")
    connection.execute("commit")
    return failures


def _apply(connection: sqlite3.Connection, write: Write, text: str | None) -> None:
    place = (write.key.tenant, write.key.collection, write.key.id)
    where = "tenant = ? and collection = ? and id = ?"
    if write.expected is not ANYTHING:
        found = connection.execute(
            f"select revision from documents where {where}",  # noqa: S608
            place,
        ).fetchone()
        current = ABSENT if found is None else str(found[0])
        if current != write.expected:
            raise Contended(f"{write.key} is not as it was read")
    if text is None:
        connection.execute(f"delete from documents where {where}", place)  # noqa: S608
        return
    connection.execute(
        "insert into documents values (?, ?, ?, abs(random()), ?)"
        " on conflict do update set data = excluded.data, revision = excluded.revision"
        " where documents.data <> excluded.data",
        (*place, text),
    )


def _text(data: dict[str, Any] | None) -> str | None:
    """Write a document in the one way there is: its members by name, and zero without a sign."""
    if data is None:
        return None
    text = _written(data)
    # Looked for in the text, as a walk through every document would take longer than all of the rest.
    return _written(_unsigned(data)) if "-0.0" in text else text


def _written(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _unsigned(value: Any) -> Any:
    match value:
        case dict():
            return {name: _unsigned(item) for name, item in value.items()}
        case list() | tuple():
            return [_unsigned(item) for item in value]
        case float():
            return value + 0.0
    return value


def _close(connection: sqlite3.Connection | None) -> None:
    if connection is not None:
        connection.close()


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
