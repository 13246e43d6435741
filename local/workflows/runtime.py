"""The durable runtime, as the rest of the platform sees it."""

import json
import logging
import sqlite3
import sys
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from local.clock import Clock
from local.workflows import deployments, records
from local.workflows.authority import Authority
from local.workflows.billing import Steps
from local.workflows.callbacks import Callbacks
from local.workflows.connectors import Connectors
from local.workflows.deployments import Deployments
from local.workflows.engine import Engine
from local.workflows.errors import UnavailableError
from local.workflows.http import Home, Http
from local.workflows.journal import Journal
from local.workflows.loader import load
from local.workflows.restoring import Restorer
from local.workflows.services import LocalServices, tasks
from local.workflows.values import ARGUMENT_LIMIT, Value
from local.workflows.views import Views

_RETENTION, _LATELY = timedelta(days=90), timedelta(hours=1)
# Twenty nested calls of deeply nested steps need more generators than Python allows at first.
_RECURSION = 6000
_log = logging.getLogger("workflows")


def argument_size(argument: object) -> int:
    """Return how many bytes an argument takes as JSON."""
    return len(json.dumps(argument, ensure_ascii=False).encode(errors="replace"))


class Runtime:
    """
    Execute Cloud Workflows sources so that a killed process loses nothing.

    *env* and the environment a workflow was deployed with are what `sys.get_env` reads; *home* is
    where the platform is, and *authority* decides what is done in its name: without one, nothing.
    *connectors* carries the requests of connectors; without one they are answered in the data folder.
    """

    def __init__(
        self,
        data: Path,
        *,
        clock: Clock,
        home: Home,
        authority: Authority | None = None,
        project: str = "local",
        location: str = "local",
        env: Mapping[str, str] = {},
        connectors: Connectors | None = None,
    ) -> None:
        self._data = data
        self._clock = clock
        self._home, self._authority = home, authority
        self._env = dict(env)
        self._http = Http(home, authority)
        self._connectors = connectors
        self._services: LocalServices | None = None
        self.project = project
        self.location = location
        self._journal: Journal | None = None
        self._engine: Engine | None = None
        self._callbacks: Callbacks | None = None

    def start(self) -> None:
        """Take the data folder, and take up what is unfinished."""
        sys.setrecursionlimit(max(sys.getrecursionlimit(), _RECURSION))
        journal = Journal(self._data)
        callbacks = Callbacks(journal, self._clock, self._home.name, self.project, self.location)
        restorer = Restorer(
            journal, self._clock, self._env, self.project, self.location, self._authority
        )
        connectors = self._connectors
        if connectors is None:
            file = self._data / "services.db"
            connectors = self._services = LocalServices(file, self._clock.now, self._deliver)
        engine = Engine(journal, self._clock, self._http, connectors, restorer, callbacks)
        before = self._clock.now() - _RETENTION
        try:
            journal.ask(lambda db: records.sweep(db, before))
            engine.start()
        except UnavailableError:
            journal.close()
            self._close_services()
            raise
        self._journal, self._callbacks, self._engine = journal, callbacks, engine

    def stop(self) -> None:
        """Stop the threads and let go of the data folder; nothing is lost."""
        engine, journal = self._engine, self._journal
        self._engine = self._journal = self._callbacks = None
        if engine is not None:
            engine.stop()
        if journal is not None:
            journal.close()
        self._close_services()

    def _close_services(self) -> None:
        if self._services is not None:
            self._services.close()

    @property
    def journal(self) -> Journal:
        """Return the journal of a runtime that was started."""
        if self._journal is None:
            raise UnavailableError("the workflows are not started")
        return self._journal

    @property
    def engine(self) -> Engine:
        """Return the engine of a runtime that was started."""
        if self._engine is None:
            raise UnavailableError("the workflows are not started")
        return self._engine

    @property
    def callbacks(self) -> Callbacks:
        """Return the endpoints of a runtime that was started."""
        if self._callbacks is None:
            raise UnavailableError("the workflows are not started")
        return self._callbacks

    @property
    def deployments(self) -> Deployments:
        """Return what the Workflows API shows."""
        return Deployments(self.journal, self.project, self.location)

    @property
    def views(self) -> Views:
        """Return what the Executions API shows."""
        return Views(self.journal, self.project, self.location, self.engine.lasting.look)

    def deploy(
        self,
        workflow: str,
        source: str,
        env: Mapping[str, str] = {},
        *,
        description: str | None = None,
    ) -> str:
        """Check a source and store it, as a new revision if it changed; return the revision."""
        self.check(workflow, source)
        said = {"sourceContents": source, "userEnvVars": dict(env)}
        if description is not None:
            said["description"] = description
        now = self._clock.now()
        return self.journal.ask(lambda db: deployments.deploy(db, workflow, said, now))

    def check(self, workflow: str, source: str) -> None:
        """Refuse a source that cannot be loaded, and log what it is warned of."""
        for warning in load(source, f"{workflow}.yaml").warnings:
            _log.info("%s", warning)

    def execute(self, workflow: str, argument: object, **said: Any) -> str:
        """
        Start an execution, safe on disk before its id is returned.

        *said* is what else the Executions API takes of one, such as labels, in the names of the API.
        """
        made, now = str(uuid.uuid4()), self._clock.now()
        text = json.dumps(argument, allow_nan=False, separators=(",", ":"))
        if argument_size(argument) > ARGUMENT_LIMIT:
            raise ValueError("the argument of an execution is larger than 32 KB")
        engine = self.engine
        self.journal.ask(
            lambda db: records.create_execution(db, made, workflow, text, said, now),
            lambda _: engine.begin(made),
        )
        return made

    def _deliver(self, task: Value, key: str) -> None:
        """Start what delivers a task of a connector; one key is one delivery."""
        made, now = str(uuid.uuid5(uuid.NAMESPACE_URL, key)), self._clock.now()
        engine, text = self.engine, json.dumps(task)

        def write(db: sqlite3.Connection) -> None:
            delivery = {"sourceContents": tasks.DELIVERY, "description": "Deliver a task."}
            deployments.deploy(db, tasks.WORKFLOW, delivery, now)
            if not db.execute("SELECT 1 FROM executions WHERE id = ?", (made,)).fetchone():
                records.create_execution(db, made, tasks.WORKFLOW, text, {}, now)

        self.journal.ask(write, lambda _: engine.begin(made))

    def execution(self, id: str) -> dict[str, Any]:
        """Return an execution in the shape of the Executions API."""
        return self.views.execution(id)

    def cancel(self, id: str) -> None:
        """End an execution and those it waits for; one that ended stays as it is."""
        self.views.execution_row(id)
        engine, now = self.engine, self._clock.now()
        self.journal.ask(
            lambda db: records.finish(db, id, records.CANCELLED, None, None, now),
            lambda ended: engine.drop(id) if ended else None,
        )
        engine.lasting.catch_up()
        for child in self.journal.read(
            "SELECT id FROM executions WHERE parent = ? AND state = 'ACTIVE'", id
        ):
            self.cancel(child["id"])

    def abandon(self, workflow: str) -> None:
        """Cancel what a workflow still executes."""
        for row in self.journal.read(
            "SELECT id FROM executions WHERE workflow = ? AND state = 'ACTIVE'", workflow
        ):
            self.cancel(row["id"])

    def forget_steps(self, id: str) -> None:
        """Forget the steps an execution took."""
        self.journal.ask(
            lambda db: db.execute("DELETE FROM step_entries WHERE execution = ?", (id,)).rowcount
        )

    def wait(self, id: str, timeout_s: float) -> dict[str, Any]:
        """Return an execution once it ended, or as it is when the time is over."""
        ends = self.engine.ends
        event = ends.expect(id)
        try:
            views = self.views
            row = views.execution_row(id)
            if row["ended"] is None:
                event.wait(timeout_s)
                row = views.execution_row(id)
            return views.full(row)
        finally:
            ends.forget(id, event)

    def trouble(self) -> str:
        """Say what went wrong with the engine itself within the last hour; nothing if nothing did."""
        found = self.views.broken(self._clock.now() - _LATELY)
        if not found:
            return ""
        return f"a defect of the engine ended {len(found)} executions within an hour; the last: {found[0]}"

    def billed(self) -> dict[str, Steps]:
        """Return the billable steps of the executions that ended last, by their ids."""
        return dict(self.engine.billed)

    def now(self) -> datetime:
        """Return the present, by which deadlines are kept."""
        return self._clock.now()

    def idle(self) -> bool:
        """Tell whether every active execution waits for a timer or a callback."""
        return self.engine.idle()

    def next_deadline(self) -> datetime | None:
        """Return the earliest moment an execution waits for."""
        return self.engine.next_deadline()
