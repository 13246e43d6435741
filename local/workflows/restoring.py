"""Rebuild executions from the journal, and know their parents and children."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from local.clock import Clock
from local.workflows import records
from local.workflows.authority import Authority, Deployed
from local.workflows.callbacks import Inbox
from local.workflows.errors import LoadError, NewerError, raised
from local.workflows.functions import EARLIER, FUNCTIONS
from local.workflows.history import Recorder
from local.workflows.journal import Journal
from local.workflows.loader import load
from local.workflows.program import Program
from local.workflows.records import EARLIER_VERSION, ENGINE_VERSION, MissingError, read_moment
from local.workflows.scheduler import Host, Record, Run
from local.workflows.values import Value
from local.workflows.views import Views


@dataclass(frozen=True)
class Restored:
    """An execution in memory, before its first turn."""

    run: Run
    inbox: Inbox
    marked: bool
    """Whether it waited for this release."""
    is_child: bool
    """Whether another execution began it."""


class Restorer:
    """Read executions."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        env: Mapping[str, str],
        project: str,
        location: str,
        authority: Authority | None,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._env = env
        self._project = project
        self._location = location
        self._authority = authority
        self._programs: dict[tuple[str, str, str], tuple[Program, dict[str, str], Deployed]] = {}
        self._account = f"workflows@{project}.iam.gserviceaccount.com"

    def restore(self, execution: str, host: Host) -> Restored | None:
        """Rebuild an execution, or return None if it ended meanwhile."""
        rows = self._journal.read(
            "SELECT * FROM executions WHERE id = ? AND state = 'ACTIVE'", execution
        )
        if not rows:
            return None
        row = rows[0]
        version = row["engine_version"]
        if version not in {ENGINE_VERSION, EARLIER_VERSION}:
            raise NewerError(
                f"it was begun as version {version} of the language by another release, "
                "and goes on under that one"
            )
        program, env, deployed = self._program(row["workflow"], row["revision"], version)
        steps = self._journal.read(
            "SELECT max(ordinal) AS high, "
            "group_concat(iif(state = 'IN_PROGRESS', ordinal, NULL)) AS open "
            "FROM step_entries WHERE execution = ?",
            execution,
        )[0]
        still_open = map(int, (steps["open"] or "").split(",")) if steps["open"] else ()
        operations = self._journal.read("SELECT * FROM ops WHERE execution = ?", execution)
        run = Run(
            execution,
            deployed,
            program,
            json.loads(row["argument"]),
            {**self._env, **env, **self._standard(row)},
            Recorder(
                self._clock.microseconds,
                steps["high"] or 0,
                still_open,
                parts=version == ENGINE_VERSION,
                started=[row["started"] for row in operations],
            ),
            [_record(row) for row in operations],
            host,
            exact=version == ENGINE_VERSION,
        )
        inbox = Inbox()
        [last] = self._journal.read(
            "SELECT coalesce(max(p.n), 0) AS n FROM callback_payloads p "
            "JOIN callbacks c ON c.id = p.callback WHERE c.execution = ?",
            execution,
        )
        # What was used up already is not taken again either, however late it is announced.
        inbox.newest = last["n"]
        for payload in self._journal.read(
            "SELECT p.* FROM callback_payloads p JOIN callbacks c ON c.id = p.callback "
            "WHERE c.execution = ? AND p.consumed_by IS NULL ORDER BY p.n",
            execution,
        ):
            inbox.load(payload["callback"], payload["n"], payload["request"])
        return Restored(run, inbox, row["attention"] is not None, row["parent"] is not None)

    def _program(
        self, workflow: str, revision: str, version: str
    ) -> tuple[Program, dict[str, str], Deployed]:
        key = workflow, revision, version
        if key not in self._programs:
            row = self._journal.read(
                "SELECT r.*, t.fields FROM revisions r LEFT JOIN told t "
                "ON t.resource = 'workflows/' || r.workflow || '/' || r.revision "
                "WHERE r.workflow = ? AND r.revision = ?",
                workflow,
                revision,
            )[0]
            functions = FUNCTIONS if version == ENGINE_VERSION else FUNCTIONS | EARLIER
            try:
                program = load(row["source"], f"{workflow}.yaml", functions, anew=False)
            except LoadError as error:
                raise NewerError(f"this release does not load its source: {error}") from None
            deployed = Deployed(workflow, row["source"])
            said = json.loads(row["fields"] or "{}").get("serviceAccount", self._account)
            account = {"GOOGLE_CLOUD_SERVICE_ACCOUNT_NAME": said.rpartition("/")[2]}
            self._programs[key] = program, json.loads(row["env"]) | account, deployed
        return self._programs[key]

    def _standard(self, row: sqlite3.Row) -> dict[str, str]:
        """Return the variables that every execution has; the account is that of the revision."""
        return {
            "GOOGLE_CLOUD_LOCATION": self._location,
            "GOOGLE_CLOUD_PROJECT_ID": self._project,
            "GOOGLE_CLOUD_PROJECT_NUMBER": "0",
            "GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID": row["id"],
            "GOOGLE_CLOUD_WORKFLOW_ID": row["workflow"],
            "GOOGLE_CLOUD_WORKFLOW_REVISION_ID": row["revision"],
        }

    # --- parents and children -----------------------------------------------------------------

    def create_child(
        self, db: sqlite3.Connection, parent: str, op: str, arguments: Value, now: datetime
    ) -> None:
        """Write the execution that an operation waits for, unless the parent was cancelled or may not."""
        row = db.execute(
            "SELECT state, workflow FROM executions WHERE id = ?", (parent,)
        ).fetchone()
        known = self._authority is None or self._authority.may_start(
            row["workflow"], arguments["workflow"]
        )
        if row["state"] == records.ACTIVE and known:
            argument = json.dumps(arguments["argument"], separators=(",", ":"))
            child = str(uuid.uuid4())
            with contextlib.suppress(MissingError):
                records.create_execution(
                    db, child, arguments["workflow"], argument, {}, now, (parent, op)
                )

    def child(self, parent: str, op: str) -> str | None:
        """Return the execution that an operation waits for; None if there is no such workflow."""
        rows = self._journal.read(
            "SELECT id FROM executions WHERE parent = ? AND parent_op = ?", parent, op
        )
        return str(rows[0]["id"]) if rows else None

    def parent(self, child: str) -> tuple[str, str] | None:
        """Return the execution and the operation that wait for a child."""
        rows = self._journal.read(
            "SELECT parent, parent_op FROM executions WHERE id = ? AND parent IS NOT NULL", child
        )
        return (rows[0]["parent"], rows[0]["parent_op"]) if rows else None

    def child_outcome(self, child: str, tag: str) -> tuple[bool, Value] | None:
        """Return how a child ended: whether it succeeded, and its result or the error."""
        row = self._journal.read("SELECT * FROM executions WHERE id = ?", child)[0]
        if row["state"] == records.ACTIVE:
            return None
        if row["state"] == records.SUCCEEDED:
            return True, json.loads(row["result"])
        operation = Views(self._journal, self._project, self._location).execution(child)
        failed = raised(tag, "Execution failed or cancelled.", operation=operation)
        return False, failed.value


def _record(row: sqlite3.Row) -> Record:
    """Read an operation of the journal."""
    return Record(
        row["op"],
        row["kind"],
        row["args_hash"],
        read_moment(row["deadline"]) if row["deadline"] else None,
        row["callback"],
        row["seq"],
        row["ok"],
        row["value"],
        row["schedule_hash"],
    )
