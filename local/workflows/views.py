"""What the journal holds of executions, in the shapes of the Workflow Executions API."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from local.workflows import filters, records
from local.workflows.journal import Journal
from local.workflows.records import MissingError, read_moment

_PAGE_MAX = 1000


class Views:
    """Read resources; *look* has the steps written that executions are in, before they are read."""

    def __init__(
        self,
        journal: Journal,
        project: str,
        location: str,
        look: Callable[[], None] = lambda: None,
    ) -> None:
        self._journal = journal
        self._look = look
        self._base = f"projects/{project}/locations/{location}/workflows"

    # --- executions ---------------------------------------------------------------------------

    def execution_row(self, id: str, workflow: str | None = None) -> sqlite3.Row:
        """Return the record of an execution."""
        rows = self._journal.read(f"{_EXECUTIONS} WHERE id = ?", id)
        if not rows or workflow not in {None, rows[0]["workflow"]}:
            raise MissingError(f"there is no execution '{id}'")
        return rows[0]

    def execution(
        self, id: str, workflow: str | None = None, *, full: bool = True
    ) -> dict[str, Any]:
        """Return an execution."""
        row = self.execution_row(id, workflow)
        return self.full(row) if full else self._basic(row)

    def full(self, row: sqlite3.Row) -> dict[str, Any]:
        """Return all of an execution, as its record has it."""
        found = self._basic(row) | {
            "createTime": row["created"],
            "labels": json.loads(row["labels"]),
            "argument": row["argument"],
            **json.loads(row["told"] or "{}"),
        }
        if row["result"] is not None:
            found["result"] = row["result"]
        if row["error"] is not None:
            found["error"] = json.loads(row["error"])
        if found["state"] == records.UNAVAILABLE:
            found["stateError"] = {"details": row["attention"], "type": "TYPE_UNSPECIFIED"}
        self._see(row)
        found["status"] = {"currentSteps": self._current_steps(row)}
        return found

    def exported(self, id: str, workflow: str) -> dict[str, Any]:
        """Return everything about an execution as one JSON text."""
        execution, entries = self.execution(id, workflow), self.all_steps(id, workflow)
        return {"data": json.dumps({"execution": execution, "stepEntries": entries})}

    def _see(self, row: sqlite3.Row) -> None:
        """Have the steps written that an execution is in; of one that ended, all are."""
        if row["state"] == records.ACTIVE:
            self._look()

    def executions(
        self,
        workflow: str,
        size: int,
        token: str,
        *,
        filter: str = "",
        order_by: str = "",
        full: bool = False,
    ) -> dict[str, Any]:
        """List the executions of a workflow, newest first unless another order is given."""
        self._look()
        where, values = filters.condition(filter, filters.EXECUTIONS_FILTERED)
        order = filters.order(order_by, filters.EXECUTIONS, "n DESC")
        sql = f"{_EXECUTIONS} WHERE workflow = ? AND {where} ORDER BY {order}"
        rows, following = self._journal.page(sql, (workflow, *values), size, token)
        found = [self.full(row) if full else self._basic(row) for row in rows]
        return {"executions": found, "nextPageToken": following}

    def recent(self, state: str, size: int, token: str) -> tuple[list[dict[str, Any]], str]:
        """List the executions of all workflows, or those in one state, newest first."""
        sql = f"{_EXECUTIONS} WHERE ? IN ('', state) ORDER BY n DESC"
        rows, following = self._journal.page(sql, (state,), size, token)
        return [self.full(row) for row in rows], following

    def attention(self, id: str) -> str:
        """Say why a person has to look at an execution; nothing if nobody has to."""
        return self.execution_row(id)["attention"] or ""

    def broken(self, since: datetime) -> list[str]:
        """List the executions that a defect of the engine ended, the last one first."""
        rows = self._journal.read(
            "SELECT id FROM executions WHERE attention IS NOT NULL AND ended > ? ORDER BY ended DESC",
            records.written(since),
        )
        return [row["id"] for row in rows]

    def counts(self) -> dict[str, int]:
        """Count the executions by state."""
        rows = self._journal.read("SELECT state, count(*) AS n FROM executions GROUP BY state")
        return {row["state"]: row["n"] for row in rows}

    def operations(self, execution: str, size: int = 500) -> list[dict[str, Any]]:
        """List the first lines of an execution's journal."""
        return [
            dict(row)
            for row in self._journal.read(
                "SELECT * FROM ops WHERE execution = ? ORDER BY started, op LIMIT ?",
                execution,
                size,
            )
        ]

    def open_operations(self, execution: str) -> list[dict[str, Any]]:
        """List what an execution waits for."""
        return [
            dict(row)
            for row in self._journal.read(
                "SELECT * FROM ops WHERE execution = ? AND ok IS NULL ORDER BY started, op",
                execution,
            )
        ]

    def _basic(self, row: sqlite3.Row) -> dict[str, Any]:
        """Return what the basic view has, as the documentation of ExecutionView says."""
        found = {
            "name": f"{self._base}/{row['workflow']}/executions/{row['id']}",
            "startTime": row["created"],
            "state": _state(row),
            "workflowRevisionId": row["revision"],
        }
        if row["ended"]:
            lasted = read_moment(row["ended"]) - read_moment(row["created"])
            found |= {"endTime": row["ended"], "duration": f"{lasted.total_seconds():.9f}s"}
        return found

    def _current_steps(self, row: sqlite3.Row) -> list[dict[str, str]]:
        """List the innermost open steps of every routine under way, outermost first."""
        # Of an execution that succeeded, all steps have ended.
        rows = () if row["state"] == records.SUCCEEDED else self._journal.read(_OPEN, row["id"])
        if not rows:
            # Of an execution that ended, the step that was begun last.
            rows = self._journal.read(_LAST, row["id"])
        return [{"routine": row["routine"], "step": row["step"]} for row in rows]

    # --- callbacks and steps ------------------------------------------------------------------

    def callbacks(
        self, execution: str, workflow: str, size: int = _PAGE_MAX, token: str = ""
    ) -> dict[str, Any]:
        """List the endpoints of an execution that can be called, as they were opened; their ids are random."""
        row = self.execution_row(execution, workflow)
        base = f"{self._base}/{workflow}/executions/{execution}/callbacks"
        if row["state"] != records.ACTIVE:
            return {"callbacks": []}
        rows, following = self._journal.page(_CALLBACKS, [execution], size, token)
        found = [
            {
                "name": f"{base}/{callback['id']}",
                "method": callback["method"],
                "availablePayloads": json.loads(callback["payloads"]),
                "waiters": str(callback["waiters"]),
            }
            for callback in rows
        ]
        return {"callbacks": found, **({"nextPageToken": following} if following else {})}

    def steps(
        self,
        execution: str,
        workflow: str,
        size: int,
        token: str,
        *,
        filter: str = "",
        order_by: str = "",
    ) -> dict[str, Any]:
        """List the steps an execution took, as they were begun unless another order is given."""
        self._see(self.execution_row(execution, workflow))
        where, values = filters.condition(filter, filters.STEPS_FILTERED)
        order = filters.order(order_by, filters.STEPS, "ordinal")
        given = (execution, *values)
        sql = f"{_STEPS} AND {where} ORDER BY {order}"
        rows, following = self._journal.page(sql, given, size, token)
        return {
            "stepEntries": self._steps(rows, execution, workflow),
            "nextPageToken": following,
            "totalSize": self._journal.read(
                f"SELECT count(*) AS n FROM step_entries WHERE execution = ? AND {where}",  # noqa: S608 - made of known columns
                *given,
            )[0]["n"],
        }

    def all_steps(self, execution: str, workflow: str) -> list[dict[str, Any]]:
        """Return all steps an execution took."""
        page = self.steps(execution, workflow, _PAGE_MAX, "")
        found: list[dict[str, Any]] = page["stepEntries"]
        while page["nextPageToken"]:
            page = self.steps(execution, workflow, _PAGE_MAX, page["nextPageToken"])
            found += page["stepEntries"]
        return found

    def failed(self, execution: str) -> set[tuple[str, str]]:
        """Return the steps in which an execution met an error, each with its routine."""
        rows = self._journal.read(
            "SELECT DISTINCT step, routine FROM step_entries "
            "WHERE execution = ? AND exception IS NOT NULL",
            execution,
        )
        return {(row["step"], row["routine"]) for row in rows}

    def step(self, execution: str, workflow: str, entry: str) -> dict[str, Any]:
        """Return a step an execution took."""
        self._see(self.execution_row(execution, workflow))
        rows = self._journal.read(f"{_STEPS} AND ordinal = ?", execution, entry)
        if not rows:
            raise MissingError(f"there is no step entry '{entry}'")
        return self._steps(rows, execution, workflow)[0]

    def _steps(
        self, rows: Sequence[sqlite3.Row], execution: str, workflow: str
    ) -> list[dict[str, Any]]:
        """Tell of a page of steps; only what they stand in and beside is read for it."""
        own = json.dumps([row["ordinal"] for row in rows])
        around = json.dumps([row["parent"] or 0 for row in rows])
        under = self._journal.read(_CHILDREN, execution, own)
        beside = self._journal.read(_BESIDE, execution, around, own)
        kinds = self._journal.read(f"{_STEPS} AND ordinal IN {_AMONG}", execution, around)
        children = {found["parent"]: found["children"].split(",") for found in under}
        places = {found["ordinal"]: found for found in beside}
        parents = {found["ordinal"]: found["kind"] for found in kinds}
        return [
            self._step(
                row,
                workflow,
                children.get(row["ordinal"], []),
                places[row["ordinal"]],
                parents.get(row["parent"], ""),
            )
            for row in rows
        ]

    def _step(
        self,
        row: sqlite3.Row,
        workflow: str,
        children: list[str],
        place: sqlite3.Row,
        around: str,
    ) -> dict[str, Any]:
        name = f"{self._base}/{workflow}/executions/{row['execution']}/stepEntries"
        found = {
            "name": f"{name}/{row['ordinal']}",
            "entryId": str(row["ordinal"]),
            "createTime": row["created"],
            "updateTime": row["updated"],
            "routine": row["routine"],
            "step": row["step"],
            "stepType": _TYPES.get(row["kind"], f"STEP_{row['kind'].removeprefix('STEP_')}"),
            "state": f"STATE_{row['state']}",
            "navigationInfo": {
                "parent": str(row["parent"] or 0),
                "children": children,
                "next": str(place["following"] or 0),
                "previous": str(place["previous"] or 0),
            },
            "stepEntryMetadata": {
                "threadId": row["strand"],
                **_progress(row["kind"], around, place["number"]),
            },
        }
        if row["exception"] is not None:
            found["exception"] = {"payload": row["exception"]}
        return found


def _state(row: sqlite3.Row) -> str:
    """Return the state that is shown: what waits for another release is not to be had from this one."""
    waits = row["state"] == records.ACTIVE and row["attention"] is not None
    return records.UNAVAILABLE if waits else str(row["state"])


_OPEN = (
    "SELECT routine, step FROM step_entries o "
    "WHERE execution = ? AND state = 'IN_PROGRESS' AND (kind = 'SUBWORKFLOW_CALL' "
    "OR NOT EXISTS (SELECT 1 FROM step_entries i WHERE i.execution = o.execution "
    "AND i.parent = o.ordinal AND i.state = 'IN_PROGRESS')) ORDER BY ordinal"
)
_LAST = "SELECT routine, step FROM step_entries WHERE execution = ? ORDER BY ordinal DESC LIMIT 1"
_EXECUTIONS = (
    "SELECT e.*, t.fields AS told FROM executions e "
    "LEFT JOIN told t ON t.resource = 'executions/' || e.id"
)
# Steps within a step have no type of their own there.
_TYPES = {"STEPS": "STEP_TYPE_UNSPECIFIED"}
_PROGRESS = {
    "CONDITION": "SWITCH",
    "RETRY": "RETRY",
    "PARALLEL_BRANCH_ENTRY": "PARALLEL_BRANCH",
    # An iteration is that of its loop.
    "FOR_ITERATION": "",
}


def _progress(kind: str, around: str, number: int) -> dict[str, str]:
    """Tell of a part of a step what it is a part of, and the how manieth it is."""
    if kind not in _PROGRESS:
        return {}
    of = _PROGRESS[kind] or around
    return {"progressType": f"PROGRESS_TYPE_{of}", "progressNumber": str(number)}


_CALLBACKS = (
    "SELECT c.id, c.method, "
    "(SELECT count(*) FROM ops WHERE callback = c.id AND ok IS NULL) AS waiters, "
    "(SELECT json_group_array(request) FROM (SELECT request FROM callback_payloads "
    "WHERE callback = c.id AND consumed_by IS NULL ORDER BY n)) AS payloads "
    "FROM callbacks c WHERE c.execution = ? ORDER BY c.created, c.op"
)
_STEPS = "SELECT * FROM step_entries WHERE execution = ?"
_AMONG = "(SELECT value FROM json_each(?))"
_CHILDREN = (
    "SELECT parent, group_concat(ordinal) AS children FROM step_entries "  # noqa: S608 - made of constants
    f"WHERE execution = ? AND parent IN {_AMONG} GROUP BY parent"
)
# The neighbours of a step are those it shares its parent and its thread with.
_BESIDE = (
    "SELECT * FROM (SELECT ordinal, lead(ordinal) OVER beside AS following, "  # noqa: S608 - made of constants
    "lag(ordinal) OVER beside AS previous, row_number() OVER alike AS number "
    f"FROM step_entries WHERE execution = ? AND coalesce(parent, 0) IN {_AMONG} "
    "WINDOW beside AS (PARTITION BY parent, strand ORDER BY ordinal), "
    f"alike AS (PARTITION BY parent, kind ORDER BY ordinal)) WHERE ordinal IN {_AMONG}"
)
