"""
The one file that everything must reach before it counts.

Whoever needs the disk writes whatever was handed over, in one commit, strictly in the order it was handed over;
others who come meanwhile wait, and find theirs written. That is what the replay relies on: whatever is on disk is a
prefix of what happened. There is no thread for it: handing a record to one and back takes as long as writing it.
"""

import contextlib
import fcntl
import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from local.made import LOCK
from local.workflows.ahead import Ahead
from local.workflows.errors import LockedError, UnavailableError
from local.workflows.records import SCHEMA

_T = TypeVar("_T")
Work = Callable[[sqlite3.Connection], Any]
_BATCH_MAX = 512
# How soon what could not be written is tried again.
RETRY_S = 0.2
# How long a record waits while there is more to do, at least: a commit and its flush of the disk take 0.3 ms.
_PATIENCE_S = 0.002
_log = logging.getLogger("workflows")


class _Question(NamedTuple):
    """A job somebody waits for: when it cannot be written, they are told."""

    work: Work
    answer: "Future[Any]"
    done: Callable[[Any], None] | None


class _Entry(NamedTuple):
    """A job of the engine: when it cannot be written yet, it keeps its place."""

    work: Work
    done: Callable[[], None] | None
    failed: Callable[[Exception], None]


_Job = _Question | _Entry


class Journal:
    """Own the database of a data folder."""

    def __init__(self, folder: Path, *, busy_timeout_s: float = 2.0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(folder)
        self._path = folder / "workflows.db"
        self._busy_timeout_s = busy_timeout_s
        self._jobs: deque[_Job] = deque()
        self._closed = False
        # What could not be written, and what was said of it.
        self._kept: list[_Entry] = []
        self._retry_at = 0.0
        self._trouble = ""
        # Since when something waits to be written, and how long writing took.
        self._since = self._took_s = 0.0
        self._reading = threading.Lock()
        self._writing = threading.Lock()
        # Whoever was let in before the closing is written or refused, and is never left waiting.
        self._handing = threading.Lock()
        try:
            self._writer = self._connect()
            self._writer.executescript(f"BEGIN; {SCHEMA} COMMIT;")
            self._epoch = self._writer.execute(
                "INSERT INTO owner(id, epoch) VALUES (1, 1) "
                "ON CONFLICT DO UPDATE SET epoch = epoch + 1 RETURNING epoch"
            ).fetchone()[0]
            self._reader = self._connect()
            self._ahead = Ahead(self._path)
        except sqlite3.OperationalError as error:
            self._lock.close()
            raise UnavailableError(f"the journal {self._path} cannot be used: {error}") from None
        self._reader.execute("PRAGMA query_only = 1")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path,
            isolation_level=None,
            check_same_thread=False,
            timeout=self._busy_timeout_s,
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def close(self) -> None:
        """Write what was handed over, then release the file."""
        with self._handing:
            self._closed = True
        with self._writing:
            while self._jobs or self._kept:
                self._write()
                if self._kept:
                    break
            self._writer.close()
            self._ahead.close()
        with self._reading:
            self._reader.close()
        self._lock.close()

    def read(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """Return the rows of a query."""
        with self._reading:
            try:
                return self._reader.execute(sql, values).fetchall()
            except (sqlite3.OperationalError, sqlite3.ProgrammingError) as error:
                raise UnavailableError(f"the journal cannot be read: {error}") from None

    def page(
        self, sql: str, values: Sequence[Any], size: int, token: str
    ) -> tuple[list[sqlite3.Row], str]:
        """Return one page of a query, and the token of the next, which says how many rows were before it."""
        offset = int(token or 0)
        rows = self.read(f"{sql} LIMIT ? OFFSET ?", *values, size + 1, offset)
        return rows[:size], str(offset + size) if len(rows) > size else ""

    def ask(
        self, work: Callable[[sqlite3.Connection], _T], done: Callable[[_T], None] | None = None
    ) -> _T:
        """
        Write, and return once it is safe on disk; *done* is called before that.

        What *work* raises is raised here, with nothing written.
        """
        answer: Future[_T] = Future()
        self._hand(_Question(work, answer, done), closed="the workflows are stopped")
        with self._writing:
            while not answer.done():
                self._write()
        return answer.result()

    def append(
        self, work: Work, done: Callable[[], None] | None, failed: Callable[[Exception], None]
    ) -> None:
        """Hand over what the next commit writes, in order; *done* is called once it is safe on disk."""
        self._hand(_Entry(work, done, failed))

    def _hand(self, job: _Job, *, closed: str = "") -> None:
        with self._handing:
            if not self._closed:
                if not self._jobs:
                    self._since = time.monotonic()
                self._jobs.append(job)
            elif closed:
                raise UnavailableError(closed)

    @property
    def urgent(self) -> bool:
        """Tell whether something waits for as long as writing takes."""
        waits = self._jobs and time.monotonic() - self._since > max(_PATIENCE_S, self._took_s)
        return bool(waits)

    @property
    def troubled(self) -> bool:
        """Tell whether something could not be written yet."""
        return bool(self._kept)

    def flush(self) -> None:
        """Write what was handed over; what could not be written is not tried again at once."""
        if self._jobs or self._kept:
            with self._writing:
                while (self._jobs or self._kept) and time.monotonic() >= self._retry_at:
                    self._write()

    def _write(self) -> None:
        """Write a batch, and keep what has to be tried again."""
        began, batch = time.monotonic(), list[_Job](self._kept)
        with contextlib.suppress(IndexError):
            # What is kept holds up all others: who asks is told of it, however many there are.
            while self._kept or len(batch) < _BATCH_MAX:
                batch.append(self._jobs.popleft())
        self._kept = self._attempt(batch)
        now = time.monotonic()
        self._took_s, self._retry_at = now - began, now + RETRY_S if self._kept else 0.0
        self._since = now

    def _attempt(self, batch: list[_Job]) -> list[_Entry]:
        """Write a batch; return what has to be tried again."""
        try:
            outcomes = self._commit(batch)
        except Exception as error:  # noqa: BLE001 - whatever it was, what was handed over keeps its place
            return self._undone(batch, error)
        except BaseException as error:
            self._kept = self._undone(batch, error)
            raise
        self._trouble = ""
        self._kept = []
        # What would end the thread waits until all have been told: what was written is not written again.
        told = [_tell(job, outcome) for job, outcome in zip(batch, outcomes, strict=True)]
        if (end := next(filter(None, told), None)) is not None:
            raise end
        return []

    def _undone(self, batch: list[_Job], error: BaseException) -> list[_Entry]:
        """Undo what of a batch was written, and tell who asked; return what has to be tried again."""
        with contextlib.suppress(sqlite3.Error):
            self._writer.rollback()
        sentence = f"the journal cannot be written: {error}"
        if sentence != self._trouble:
            _log.error("%s", sentence)
        self._trouble = sentence
        for job in batch:
            if isinstance(job, _Question):
                job.answer.set_exception(UnavailableError(sentence))
        return [job for job in batch if isinstance(job, _Entry)]

    def _commit(self, batch: list[_Job]) -> list[Any]:
        """Write a batch in one transaction; return what each job came to, or the error that is its own."""
        connection = self._writer
        connection.execute("BEGIN IMMEDIATE")
        epoch = connection.execute("SELECT epoch FROM owner").fetchone()[0]
        if epoch != self._epoch:
            raise sqlite3.OperationalError("another process took the data folder over")
        self._ahead.make_room()
        try:
            # A question may be refused; what the engine writes is not, unless the engine has a defect.
            outcomes = [
                job.work(connection)
                if isinstance(job, _Entry) or len(batch) == 1
                else _alone(connection, job)
                for job in batch
            ]
        except sqlite3.OperationalError:
            raise
        except Exception:  # noqa: BLE001 - it is met again where it belongs to one job
            connection.execute("ROLLBACK")
            connection.execute("BEGIN IMMEDIATE")
            outcomes = [_alone(connection, job) for job in batch]
        connection.execute("COMMIT")
        return outcomes


def _alone(connection: sqlite3.Connection, job: _Job) -> Any:
    """Do a job so that, where it fails, nothing of it is written and the others are."""
    connection.execute("SAVEPOINT job")
    try:
        outcome = job.work(connection)
    except sqlite3.OperationalError:
        raise
    except Exception as error:  # noqa: BLE001 - it belongs to whoever sent the job
        connection.execute("ROLLBACK TO job")
        outcome = error
    connection.execute("RELEASE job")
    return outcome


def _tell(job: _Job, outcome: Any) -> BaseException | None:
    """Tell whoever sent a job how it went, and return what would end the thread; it must not stop the journal."""
    end = None
    try:
        if isinstance(outcome, Exception):
            if isinstance(job, _Entry):
                job.failed(outcome)
        elif isinstance(job, _Question):
            if job.done is not None:
                job.done(outcome)
        elif job.done is not None:
            job.done()
    except Exception:  # noqa: BLE001 - whatever it was, the next record must be written
        _log.exception("what followed from a record failed")
    except BaseException as error:  # noqa: BLE001 - it is raised once all are told
        end = error
    if isinstance(job, _Question):
        if isinstance(outcome, Exception):
            job.answer.set_exception(outcome)
        else:
            job.answer.set_result(outcome)
    return end


def _locked(folder: Path) -> Any:
    """Take the lock that only one process can hold; the system frees it when the process dies."""
    lock = (folder / LOCK).open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise LockedError(
            f"another process already runs the workflows in {folder}; "
            "stop it first, or use another data folder"
        ) from None
    return lock
