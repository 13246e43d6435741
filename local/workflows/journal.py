"""
The one file that everything must reach before it counts.

A single thread writes it, so that whatever was handed over while a commit was under way shares the
next one: hundreds of executions pay for one flush of the disk. Jobs are written strictly in the
order they were handed over. That is what the replay relies on: whatever is on disk is a prefix of
what happened.
"""

import contextlib
import fcntl
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from local.made import LOCK
from local.workflows.errors import LockedError, UnavailableError
from local.workflows.records import SCHEMA

_T = TypeVar("_T")
Work = Callable[[sqlite3.Connection], Any]
_BATCH_MAX = 512
_RETRY_S = 0.2
_log = logging.getLogger("workflows")


@dataclass(frozen=True)
class _Question:
    """A job somebody waits for: when it cannot be written, they are told."""

    work: Work
    answer: "Future[Any]"
    done: Callable[[Any], None] | None


@dataclass(frozen=True)
class _Entry:
    """A job of the engine: when it cannot be written yet, it keeps its place."""

    work: Work
    done: Callable[[], None] | None
    failed: Callable[[Exception], None]


class Journal:
    """Own the database of a data folder."""

    def __init__(self, folder: Path, *, busy_timeout_s: float = 2.0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(folder)
        self._path = folder / "workflows.db"
        self._busy_timeout_s = busy_timeout_s
        self._jobs: queue.SimpleQueue[_Question | _Entry | None] = queue.SimpleQueue()
        self._closed = False
        self._trouble = ""
        self._reading = threading.Lock()
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
        except sqlite3.OperationalError as error:
            self._lock.close()
            raise UnavailableError(f"the journal {self._path} cannot be used: {error}") from None
        self._reader.execute("PRAGMA query_only = 1")
        self._thread = threading.Thread(target=self._run, name="workflows-journal", daemon=True)
        self._thread.start()

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
            self._jobs.put(None)
        self._thread.join()
        with self._reading:
            self._reader.close()
        self._writer.close()
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
        with self._handing:
            if self._closed:
                raise UnavailableError("the workflows are stopped")
            self._jobs.put(_Question(work, answer, done))
        return answer.result()

    def append(
        self, work: Work, done: Callable[[], None] | None, failed: Callable[[Exception], None]
    ) -> None:
        """Write in the background, in order; *done* is called once it is safe on disk."""
        with self._handing:
            if not self._closed:
                self._jobs.put(_Entry(work, done, failed))

    def _run(self) -> None:
        kept: list[_Question | _Entry] = []
        closing = False
        while not closing:
            batch, closing = self._gather(kept)
            kept = self._attempt(batch) if batch else []

    def _gather(self, kept: list[_Question | _Entry]) -> tuple[list[_Question | _Entry], bool]:
        """Return what is to be written next, and whether the journal is closing."""
        batch = list(kept)
        try:
            job = self._jobs.get(timeout=_RETRY_S if kept else None)
            while job is not None:
                batch.append(job)
                if len(batch) >= _BATCH_MAX:
                    return batch, False
                job = self._jobs.get_nowait()
        except queue.Empty:
            return batch, False
        return batch, True

    def _attempt(self, batch: list[_Question | _Entry]) -> list[_Question | _Entry]:
        """Write a batch; return what has to be tried again."""
        try:
            outcomes = self._commit(batch)
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                self._writer.rollback()
            sentence = f"the journal cannot be written: {error}"
            if sentence != self._trouble:
                _log.error("%s", sentence)
            self._trouble = sentence
            self._refuse((job for job in batch if isinstance(job, _Question)), sentence)
            return [job for job in batch if isinstance(job, _Entry)]
        self._trouble = ""
        for job, outcome in zip(batch, outcomes, strict=True):
            _tell(job, outcome)
        return []

    def _commit(self, batch: list[_Question | _Entry]) -> list[Any]:
        connection = self._writer
        connection.execute("BEGIN IMMEDIATE")
        epoch = connection.execute("SELECT epoch FROM owner").fetchone()[0]
        if epoch != self._epoch:
            raise sqlite3.OperationalError("another process took the data folder over")
        outcomes: list[Any] = []
        for job in batch:
            connection.execute("SAVEPOINT job")
            try:
                outcomes.append(job.work(connection))
            except sqlite3.OperationalError:
                raise
            except Exception as error:  # noqa: BLE001 - it belongs to whoever sent the job
                connection.execute("ROLLBACK TO job")
                outcomes.append(error)
            connection.execute("RELEASE job")
        connection.execute("COMMIT")
        return outcomes

    @staticmethod
    def _refuse(jobs: Iterable[_Question | _Entry], sentence: str) -> None:
        for job in jobs:
            if isinstance(job, _Question):
                job.answer.set_exception(UnavailableError(sentence))


def _tell(job: _Question | _Entry, outcome: Any) -> None:
    """Tell whoever sent a job how it went; what they do with it must not stop the journal."""
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
    if isinstance(job, _Question):
        if isinstance(outcome, Exception):
            job.answer.set_exception(outcome)
        else:
            job.answer.set_result(outcome)


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
