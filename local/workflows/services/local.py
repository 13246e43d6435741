"""One file that stands in for the services, and does each request once."""

import sqlite3
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

from local.workflows.connectors import unreachable
from local.workflows.errors import UnavailableError
from local.workflows.records import written
from local.workflows.services import firestore, pubsub, secretmanager, storage, tasks
from local.workflows.values import Value, dump, load

_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers(
    key TEXT PRIMARY KEY, answer TEXT NOT NULL, at TEXT NOT NULL) WITHOUT ROWID;
"""
_REMEMBERED = timedelta(days=1)


class LocalServices:
    """
    Answer the requests of connectors.

    An effect and its answer are one transaction, under the key of the operation: a request that is
    sent again after a crash gets the first answer. *deliver* is handed every task that was created.
    """

    def __init__(
        self, file: Path, now: Callable[[], datetime], deliver: Callable[[Value, str], None]
    ) -> None:
        self._file = file
        self._now = now
        self._deliver = deliver
        self._lock = threading.Lock()
        self._opened: sqlite3.Connection | None = None
        self._closed = False

    @property
    def _db(self) -> sqlite3.Connection:
        """Return the file, which is made for the first request."""
        if self._closed:
            raise UnavailableError("the workflows are stopped")
        if self._opened is None:
            self._file.touch(0o600)
            db = sqlite3.connect(self._file, isolation_level=None, check_same_thread=False)
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            services = firestore, pubsub, secretmanager, storage, tasks
            schema = "".join((_SCHEMA, *(service.SCHEMA for service in services)))
            db.executescript(f"BEGIN; {schema} COMMIT;")
            before = written(self._now() - _REMEMBERED)
            db.execute("DELETE FROM answers WHERE at < ?", (before,))
            self._opened = db
        return self._opened

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
            self._opened, self._closed = None, True

    def may_repeat(self, request: Value) -> bool:
        """Tell that every request may be sent again."""
        del request
        return True

    def send(self, request: Value, key: str) -> Value:
        """Answer a request, or say that this machine does not answer it."""
        if "connector" in request:
            raise unreachable(request, "no address is given for it, and it is not answered here")
        try:
            return self._sent(request, key)
        except sqlite3.OperationalError:
            raise UnavailableError("the services of this machine cannot answer now") from None

    def _sent(self, request: Value, key: str) -> Value:
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            known = self._db.execute("SELECT answer FROM answers WHERE key = ?", (key,)).fetchone()
            if known is not None:
                return load(known["answer"])
            now = self._now()
            answer = self._answer(request, now, key)
            if request["method"] != "GET":
                row = key, dump(answer), written(now)
                self._db.execute("INSERT INTO answers VALUES (?, ?, ?)", row)
            return answer

    def _answer(self, request: Value, now: datetime, key: str) -> Value:
        service, db = request["service"], self._db
        if service != "storage":
            request = {**request, "path": unquote(request["path"])}
        if service == "cloudtasks":
            task = tasks.answer(db, request, now, key)
            # Before the commit: a task that is delivered twice has one name, and is one execution.
            self._deliver(task, key)
            return task
        answering = {
            "firestore": firestore.answer,
            "pubsub": pubsub.answer,
            "secretmanager": secretmanager.answer,
            "storage": storage.answer,
        }
        return answering[service](db, request, now)
