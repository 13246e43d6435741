"""The tables of the journal, and what is written to them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from local.workflows.errors import as_json
from local.workflows.history import Entries

# What functions answer is pinned to this for as long as an execution runs: releases up to 0.1.0 began them as 1.
ENGINE_VERSION, EARLIER_VERSION = "2", "1"
ACTIVE, SUCCEEDED, FAILED, CANCELLED = "ACTIVE", "SUCCEEDED", "FAILED", "CANCELLED"
# Shown and never written: what waits for another release is active.
UNAVAILABLE = "UNAVAILABLE"

SCHEMA = """
CREATE TABLE IF NOT EXISTS owner(id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS revisions(
    workflow TEXT NOT NULL, revision TEXT NOT NULL, source TEXT NOT NULL, source_sha TEXT NOT NULL,
    env TEXT NOT NULL, created TEXT NOT NULL, PRIMARY KEY (workflow, revision));
CREATE TABLE IF NOT EXISTS workflows(
    id TEXT PRIMARY KEY, revision TEXT NOT NULL, description TEXT NOT NULL, created TEXT NOT NULL,
    updated TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS executions(
    n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, workflow TEXT NOT NULL,
    revision TEXT NOT NULL, engine_version TEXT NOT NULL, argument TEXT NOT NULL,
    labels TEXT NOT NULL, state TEXT NOT NULL, result TEXT, error TEXT, created TEXT NOT NULL,
    ended TEXT, parent TEXT, parent_op TEXT, attention TEXT, UNIQUE (parent, parent_op));
CREATE INDEX IF NOT EXISTS executions_active ON executions(state) WHERE state = 'ACTIVE';
CREATE INDEX IF NOT EXISTS executions_broken ON executions(ended) WHERE attention IS NOT NULL;
CREATE INDEX IF NOT EXISTS executions_workflow ON executions(workflow, n);
CREATE TABLE IF NOT EXISTS ops(
    execution TEXT NOT NULL, op TEXT NOT NULL, kind TEXT NOT NULL, args_hash TEXT NOT NULL,
    deadline TEXT, callback TEXT, started TEXT NOT NULL, seq INTEGER, ok INTEGER, value TEXT,
    schedule_hash TEXT, PRIMARY KEY (execution, op)) WITHOUT ROWID;
DROP INDEX IF EXISTS ops_in_order;
CREATE INDEX IF NOT EXISTS ops_awaiting ON ops(callback) WHERE callback IS NOT NULL;
CREATE TABLE IF NOT EXISTS callbacks(
    id TEXT PRIMARY KEY, execution TEXT NOT NULL, op TEXT NOT NULL, method TEXT NOT NULL,
    created TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS callbacks_of ON callbacks(execution);
CREATE TABLE IF NOT EXISTS callback_payloads(
    n INTEGER PRIMARY KEY AUTOINCREMENT, callback TEXT NOT NULL, received TEXT NOT NULL,
    request TEXT NOT NULL, consumed_by TEXT);
CREATE INDEX IF NOT EXISTS payloads_of ON callback_payloads(callback);
CREATE TABLE IF NOT EXISTS step_entries(
    execution TEXT NOT NULL, ordinal INTEGER NOT NULL, routine TEXT NOT NULL, step TEXT NOT NULL,
    kind TEXT NOT NULL, strand TEXT NOT NULL, parent INTEGER, state TEXT NOT NULL, exception TEXT,
    created TEXT NOT NULL, updated TEXT NOT NULL, PRIMARY KEY (execution, ordinal)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS told(
    resource TEXT PRIMARY KEY, fields TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS operations(
    id TEXT PRIMARY KEY, verb TEXT NOT NULL, workflow TEXT NOT NULL, at TEXT NOT NULL,
    response TEXT NOT NULL);
"""
# `ops_in_order` was an index that nothing reads and that took a sixth of the writing: each replay compares `seq`.
# `told` keeps what clients say of workflows/ID, workflows/ID/REVISION and executions/ID and nothing here needs;
# an earlier release, which knows none of it, can go on with the same file.


_FORGET_PAYLOADS = (
    "DELETE FROM callback_payloads WHERE callback IN (SELECT id FROM callbacks WHERE execution = ?)"
)


class MissingError(Exception):
    """Say that a workflow, an execution or a callback does not exist."""


class ExistsError(Exception):
    """Say that a workflow which is to be made exists."""


def written(moment: datetime) -> str:
    """Write a moment as RFC 3339, in a form that sorts by time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def read_moment(text: str) -> datetime:
    """Read what `written` wrote."""
    return datetime.fromisoformat(text)


def told(db: sqlite3.Connection, resource: str, fields: Mapping[str, Any]) -> None:
    """Keep what clients said of a resource."""
    if fields:
        text = json.dumps(dict(fields), sort_keys=True)
        db.execute("INSERT OR REPLACE INTO told VALUES (?, ?)", (resource, text))
    else:
        db.execute("DELETE FROM told WHERE resource = ?", (resource,))


def create_execution(
    db: sqlite3.Connection,
    id: str,
    workflow: str,
    argument: str,
    said: Mapping[str, Any],
    now: datetime,
    parent: tuple[str, str] | None = None,
) -> None:
    """Write a new execution of the present revision; what is not said of it is as the workflow has it."""
    found = db.execute(
        "SELECT w.revision, t.fields FROM workflows w "
        "LEFT JOIN told t ON t.resource = 'workflows/' || w.id WHERE w.id = ?",
        (workflow,),
    ).fetchone()
    if found is None:
        raise MissingError(f"there is no workflow '{workflow}'")
    inherited = json.loads(found["fields"] or "{}")
    labels = {**inherited.pop("labels", {}), **said.get("labels", {})}
    inherited.pop("cryptoKeyName", None)
    fields = {**inherited, **{name: said[name] for name in said if name != "labels"}}
    if fields:
        told(db, f"executions/{id}", fields)
    db.execute(
        "INSERT INTO executions(id, workflow, revision, engine_version, argument, labels, state, "
        "created, parent, parent_op) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            id,
            workflow,
            found["revision"],
            ENGINE_VERSION,
            argument,
            json.dumps(labels),
            ACTIVE,
            written(now),
            *(parent or (None, None)),
        ),
    )


def start_op(
    db: sqlite3.Connection,
    execution: str,
    op: str,
    kind: str,
    args_hash: str,
    now: datetime,
    *,
    deadline: datetime | None = None,
    callback: str | None = None,
) -> None:
    """Write that an operation is about to have its effect."""
    db.execute(
        "INSERT INTO ops(execution, op, kind, args_hash, deadline, callback, started) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            execution,
            op,
            kind,
            args_hash,
            written(deadline) if deadline else None,
            callback,
            written(now),
        ),
    )


def instant_op(
    db: sqlite3.Connection,
    execution: str,
    op: str,
    kind: str,
    args_hash: str,
    value: str,
    now: datetime,
) -> None:
    """Write an operation that was over at once; it has no place in the order of deliveries."""
    db.execute(
        "INSERT INTO ops(execution, op, kind, args_hash, started, ok, value) "
        "VALUES (?, ?, ?, ?, ?, 1, ?)",
        (execution, op, kind, args_hash, written(now), value),
    )


def complete_op(
    db: sqlite3.Connection,
    execution: str,
    op: str,
    seq: int,
    ok: int,
    value: str,
    schedule_hash: str,
    payload: int | None = None,
) -> None:
    """Write what came of an operation, and use up the payload it came from."""
    changed = db.execute(
        "UPDATE ops SET seq = ?, ok = ?, value = ?, schedule_hash = ? "
        "WHERE execution = ? AND op = ? AND ok IS NULL",
        (seq, ok, value, schedule_hash, execution, op),
    ).rowcount
    if payload is not None:
        changed &= db.execute(
            "UPDATE callback_payloads SET consumed_by = ? WHERE n = ? AND consumed_by IS NULL",
            (op, payload),
        ).rowcount
    goes_on = "SELECT 1 FROM executions WHERE id = ? AND state = ?"
    # Of an execution that ended meanwhile, as it was cancelled, the payloads are gone.
    if changed != 1 and db.execute(goes_on, (execution, ACTIVE)).fetchone():
        raise RuntimeError(f"the operation {op} of {execution} was completed twice")


def finish(
    db: sqlite3.Connection,
    execution: str,
    state: str,
    result: str | None,
    error: str | None,
    now: datetime,
) -> bool:
    """Write the end of an execution, unless it ended before."""
    ended = db.execute(
        "UPDATE executions SET state = ?, result = ?, error = ?, ended = ? "
        "WHERE id = ? AND state = ?",
        (state, result, error, written(now), execution, ACTIVE),
    ).rowcount
    if ended and state == CANCELLED:
        left(db, execution, now)
    if ended:
        db.execute(
            "DELETE FROM callback_payloads WHERE consumed_by IS NULL AND callback IN "
            "(SELECT id FROM callbacks WHERE execution = ?)",
            (execution,),
        )
    return bool(ended)


def left(db: sqlite3.Connection, execution: str, now: datetime) -> None:
    """Write that the steps which an execution is in were cancelled."""
    db.execute(
        "UPDATE step_entries SET state = ?, updated = ? "
        "WHERE execution = ? AND state = 'IN_PROGRESS'",
        (CANCELLED, written(now), execution),
    )


def mark(db: sqlite3.Connection, execution: str, sentence: str | None) -> None:
    """Write why a person has to look at an execution, or that nobody has to any more."""
    db.execute("UPDATE executions SET attention = ? WHERE id = ?", (sentence, execution))


def write_entries(db: sqlite3.Connection, execution: str, entries: Entries | None) -> None:
    """Write how steps began and ended, if any did."""
    if entries is None:
        return
    begun, over = [], []
    for ordinal, began, at, failure in entries.ended:
        state, error = SUCCEEDED, None
        if failure is not None:
            state, error = FAILED, as_json(failure.value)
        if began is None:
            over.append((state, error, _written(at), execution, ordinal))
        else:
            moments = _written(began[-1]), _written(at)
            begun.append((execution, ordinal, *began[:-1], state, error, *moments))
    for ordinal, began in entries.going_on.items():
        moment = _written(began[-1])
        begun.append((execution, ordinal, *began[:-1], "IN_PROGRESS", None, moment, moment))
    if begun:
        db.executemany("INSERT INTO step_entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", begun)
    if over:
        db.executemany(
            "UPDATE step_entries SET state = ?, exception = ?, updated = ? "
            "WHERE execution = ? AND ordinal = ?",
            over,
        )


def _written(microseconds: int) -> str:
    """Write a moment that is counted since 1970; most are of the second before."""
    seconds, rest = divmod(microseconds, 1_000_000)
    return f"{_second(seconds)}.{rest:06}Z"


@lru_cache(16)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def sweep(db: sqlite3.Connection, before: datetime) -> None:
    """Forget executions that ended long ago, and operations that did."""
    db.execute("DELETE FROM operations WHERE at < ?", (written(before),))
    old = [
        row["id"]
        for row in db.execute("SELECT id FROM executions WHERE ended < ?", (written(before),))
    ]
    for execution in old:
        for sql in (
            _FORGET_PAYLOADS,
            "DELETE FROM callbacks WHERE execution = ?",
            "DELETE FROM ops WHERE execution = ?",
            "DELETE FROM step_entries WHERE execution = ?",
            "DELETE FROM told WHERE resource = 'executions/' || ?",
            "DELETE FROM executions WHERE id = ?",
        ):
            db.execute(sql, (execution,))
