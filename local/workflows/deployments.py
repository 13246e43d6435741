"""What is deployed: workflows with their revisions, in the words of the Workflows API, and the operations that did it."""

import hashlib
import json
import secrets
import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from local.workflows import filters
from local.workflows.journal import Journal
from local.workflows.records import ExistsError, MissingError, told, written

# A change of one of these makes a revision; the variables belong to one too, so they change with it only.
_OF_REVISION = ("sourceContents", "userEnvVars", "serviceAccount")
_LABELS = "$.labels"
_TYPE = "type.googleapis.com/google."
_COLUMNS = (
    "SELECT w.*, r.revision AS shown, r.source, r.env, r.created AS revision_created, "
    "t.fields AS told, a.fields AS account FROM workflows w "
    "JOIN revisions r ON r.workflow = w.id {} "
    "LEFT JOIN told t ON t.resource = 'workflows/' || w.id "
    "LEFT JOIN told a ON a.resource = 'workflows/' || w.id || '/' || r.revision"
)
_LATEST = _COLUMNS.format("AND r.revision = w.revision")
# A workflow that was deleted and made again does not have the revisions of the former one.
_EVERY = _COLUMNS.format("AND r.created >= w.created")


def deploy(
    db: sqlite3.Connection,
    workflow: str,
    fields: Mapping[str, Any],
    now: datetime,
    *,
    new: bool | None = None,
) -> str:
    """
    Store what is said of a workflow, in the names of the API, and return its revision.

    *new* says that it must not be there yet, or that it must; without it both are well.
    """
    row = db.execute(f"{_LATEST} WHERE w.id = ?", (workflow,)).fetchone()
    if new and row is not None:
        raise ExistsError(f"the workflow '{workflow}' exists already")
    if new is False and row is None:
        raise MissingError(f"there is no workflow '{workflow}'")
    present = {} if row is None else _said(row)
    wanted = {name: value for name, value in {**present, **fields}.items() if value}
    if row is not None and wanted == present:
        return str(row["revision"])
    at = written(now)
    if row is not None and all(wanted.get(name) == present.get(name) for name in _OF_REVISION):
        revision = str(row["revision"])
    else:
        revision = _revised(db, workflow, row, wanted, at)
    db.execute(
        "INSERT INTO workflows VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
        "revision = excluded.revision, updated = excluded.updated, "
        "description = excluded.description",
        (workflow, revision, wanted.get("description", ""), at, at),
    )
    apart = {*_OF_REVISION, "description"}
    told(db, f"workflows/{workflow}", {k: v for k, v in wanted.items() if k not in apart})
    return revision


def _revised(
    db: sqlite3.Connection, workflow: str, row: sqlite3.Row | None, wanted: dict[str, Any], at: str
) -> str:
    """Write a revision, numbered from 1 since the workflow was made."""
    since = at if row is None else row["created"]
    names = {
        found["revision"]: found["created"] >= since
        for found in db.execute(
            "SELECT revision, created FROM revisions WHERE workflow = ?", (workflow,)
        )
    }
    number = sum(names.values()) + 1 if row is not None else 1
    revision = f"{number:06d}-{secrets.token_hex(2)[:3]}"
    while revision in names:
        revision = f"{number:06d}-{secrets.token_hex(2)[:3]}"
    source, env = wanted["sourceContents"], wanted.get("userEnvVars", {})
    sha = hashlib.sha256(source.encode(errors="replace")).hexdigest()
    db.execute(
        "INSERT INTO revisions VALUES (?, ?, ?, ?, ?, ?)",
        (workflow, revision, source, sha, json.dumps(env, sort_keys=True), at),
    )
    account = wanted.get("serviceAccount")
    told(db, f"workflows/{workflow}/{revision}", {"serviceAccount": account} if account else {})
    return revision


def delete(db: sqlite3.Connection, workflow: str) -> None:
    """Forget a workflow; its revisions stay with the executions that were pinned to them."""
    if not db.execute("DELETE FROM workflows WHERE id = ?", (workflow,)).rowcount:
        raise MissingError(f"there is no workflow '{workflow}'")
    told(db, f"workflows/{workflow}", {})


def _said(row: sqlite3.Row) -> dict[str, Any]:
    """Return what was said of a workflow; what has no value is left out."""
    found = {
        "sourceContents": row["source"],
        "userEnvVars": json.loads(row["env"]),
        "description": row["description"],
        **json.loads(row["told"] or "{}"),
        **json.loads(row["account"] or "{}"),
    }
    return {name: value for name, value in found.items() if value}


class Deployments:
    """Read what is deployed, and note the operations that deploy."""

    def __init__(self, journal: Journal, project: str, location: str) -> None:
        self._journal = journal
        self._base = f"projects/{project}/locations/{location}"
        self._account = (
            f"projects/{project}/serviceAccounts/workflows@{project}.iam.gserviceaccount.com"
        )

    def workflow(self, id: str, revision: str = "") -> dict[str, Any]:
        """Return a workflow, as it is or as a revision of it was."""
        if revision:
            rows = self._journal.read(f"{_EVERY} WHERE w.id = ? AND r.revision = ?", id, revision)
        else:
            rows = self._journal.read(f"{_LATEST} WHERE w.id = ?", id)
        if not rows:
            what = f"no revision '{revision}' of the workflow" if revision else "no workflow"
            raise MissingError(f"there is {what} '{id}'")
        return self._workflow(rows[0])

    def workflows(
        self, size: int, token: str, *, filter: str = "", order_by: str = ""
    ) -> dict[str, Any]:
        """List the workflows, by their ids unless another order is given."""
        fields = filters.WORKFLOWS_FILTERED | {"serviceAccount": filters.account(self._account)}
        where, values = filters.condition(filter, fields, _LABELS)
        order = filters.order(order_by, filters.WORKFLOWS, "w.id")
        sql = f"{_LATEST} WHERE {where} ORDER BY {order}"
        rows, following = self._journal.page(sql, values, size, token)
        return {
            "workflows": [self._workflow(row) for row in rows],
            "nextPageToken": following,
            "unreachable": [],
        }

    def revisions(self, id: str, size: int, token: str) -> dict[str, Any]:
        """List the revisions of a workflow, the newest first."""
        self.workflow(id)
        sql = f"{_EVERY} WHERE w.id = ? ORDER BY r.revision DESC"
        rows, following = self._journal.page(sql, [id], size, token)
        return {"workflows": [self._workflow(row) for row in rows], "nextPageToken": following}

    def _workflow(self, row: sqlite3.Row) -> dict[str, Any]:
        said = {"userEnvVars": {}, "labels": {}, "description": "", **_said(row)}
        return {
            "name": f"{self._base}/workflows/{row['id']}",
            "state": "ACTIVE",
            "revisionId": row["shown"],
            "createTime": row["created"],
            "updateTime": row["updated"],
            "revisionCreateTime": row["revision_created"],
            "serviceAccount": self._account,
            **said,
        }

    # --- operations ---------------------------------------------------------------------------

    def carried_out(
        self, verb: str, workflow: str, act: Callable[[sqlite3.Connection], object], now: datetime
    ) -> dict[str, Any]:
        """Change a workflow, and return the long-running operation of it, which is done."""
        id = f"operation-{int(now.timestamp() * 1000)}-{secrets.token_hex(12)}"

        def work(db: sqlite3.Connection) -> sqlite3.Row:
            act(db)
            if verb == "delete":
                answer: dict[str, Any] = {"@type": f"{_TYPE}protobuf.Empty"}
            else:
                row = db.execute(f"{_LATEST} WHERE w.id = ?", (workflow,)).fetchone()
                answer = {"@type": f"{_TYPE}cloud.workflows.v1.Workflow", **self._workflow(row)}
            db.execute(
                "INSERT INTO operations VALUES (?, ?, ?, ?, ?)",
                (id, verb, workflow, written(now), json.dumps(answer)),
            )
            found: sqlite3.Row = db.execute(f"{_OPERATIONS} WHERE id = ?", (id,)).fetchone()
            return found

        return self._operation(self._journal.ask(work))

    def operation(self, id: str) -> dict[str, Any]:
        """Return an operation."""
        rows = self._journal.read(f"{_OPERATIONS} WHERE id = ?", id)
        if not rows:
            raise MissingError(f"there is no operation '{id}'")
        return self._operation(rows[0])

    def operations(self, size: int, token: str, *, filter: str = "") -> dict[str, Any]:
        """List the operations, the newest first."""
        where, values = filters.condition(filter, filters.OPERATIONS)
        sql = f"{_OPERATIONS} WHERE {where} ORDER BY at DESC, id"
        rows, following = self._journal.page(sql, values, size, token)
        return {"operations": [self._operation(row) for row in rows], "nextPageToken": following}

    def located(self, location: Mapping[str, Any], filter: str) -> bool:
        """Tell whether a location is one that a filter asks for."""
        where, values = filters.condition(filter, filters.LOCATIONS)
        sql = f"SELECT 1 FROM (SELECT ? AS name, ? AS location) WHERE {where}"  # noqa: S608 - made of known columns
        names = location["name"], location["locationId"]
        return bool(self._journal.read(sql, *names, *values))

    def forget(self, id: str) -> None:
        """Forget an operation, and no more than that."""
        self.operation(id)
        self._journal.ask(
            lambda db: db.execute("DELETE FROM operations WHERE id = ?", (id,)).rowcount
        )

    def _operation(self, row: sqlite3.Row) -> dict[str, Any]:
        return {
            "name": f"{self._base}/operations/{row['id']}",
            "metadata": {
                "@type": f"{_TYPE}cloud.workflows.v1.OperationMetadata",
                "createTime": row["at"],
                "endTime": row["at"],
                "target": f"{self._base}/workflows/{row['workflow']}",
                "verb": row["verb"],
                "apiVersion": "v1",
            },
            "done": True,
            "response": json.loads(row["response"]),
        }


_OPERATIONS = "SELECT * FROM operations"
