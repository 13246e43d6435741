"""Queues of HTTP requests; a task is delivered by an execution of its own."""

import hashlib
import json
import re
import sqlite3
from datetime import datetime

from local.workflows.errors import Raised
from local.workflows.functions.times import moment
from local.workflows.records import written
from local.workflows.services.refusals import refused
from local.workflows.values import Value

SCHEMA = """
CREATE TABLE IF NOT EXISTS tasks(
    name TEXT PRIMARY KEY, task TEXT NOT NULL, created TEXT NOT NULL) WITHOUT ROWID;
"""
WORKFLOW = "cloud-tasks-delivery"
# The delays are those of a queue that was created without any.
DELIVERY = """
main:
  params: [task]
  steps:
    - wait: {call: sys.sleep_until, args: {time: '${task.scheduleTime}'}}
    - deliver:
        try:
          call: http.request
          args:
            method: ${task.httpRequest.httpMethod}
            url: ${task.httpRequest.url}
            headers: ${task.httpRequest.headers}
            body: ${base64.decode(task.httpRequest.body)}
            timeout: 600
        retry: {predicate: '${retry.always}', max_retries: 99, backoff: {initial_delay: 0.1, max_delay: 3600, multiplier: 2}}
"""
_AHEAD_S = 30 * 86_400
"""How far ahead a queue takes tasks (cloud.google.com/tasks/docs/quotas)."""

_TASKS = re.compile(r"/v2/(projects/[^/]+/locations/[^/]+/queues/[^/]+)/tasks")


def answer(db: sqlite3.Connection, request: Value, now: datetime, key: str) -> Value:
    """Create a task."""
    found, body = _TASKS.fullmatch(request["path"]), request["body"]
    if found is None:
        raise refused("INVALID_ARGUMENT", f"{request['path']} does not name a queue")
    task = body.get("task") if isinstance(body, dict) else None
    http = task.get("httpRequest") if isinstance(task, dict) else None
    if not isinstance(task, dict) or not isinstance(http, dict) or not http.get("url"):
        raise refused("INVALID_ARGUMENT", "a task of this machine needs 'task.httpRequest.url'")
    number = int(hashlib.sha256(key.encode()).hexdigest()[:15], 16)
    name = task.get("name") or f"{found[1]}/tasks/{number}"
    due = task.get("scheduleTime") or written(now)
    made = {
        **task,
        "name": name,
        "createTime": written(now),
        "scheduleTime": due,
        "httpRequest": {
            **http,
            "httpMethod": http.get("httpMethod", "POST"),
            "headers": http.get("headers", {}),
            "body": http.get("body", ""),
        },
    }
    try:
        ahead_s = moment(due, "scheduleTime") - now.timestamp()
    except Raised as error:
        raise refused("INVALID_ARGUMENT", str(error)) from None
    if ahead_s > _AHEAD_S:
        raise refused("INVALID_ARGUMENT", "scheduleTime is more than 30 days ahead")
    if db.execute("SELECT 1 FROM tasks WHERE name = ?", (name,)).fetchone():
        raise refused("ALREADY_EXISTS", "Requested entity already exists")
    db.execute("INSERT INTO tasks VALUES (?, ?, ?)", (name, json.dumps(made), written(now)))
    return made
