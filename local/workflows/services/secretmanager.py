"""Secrets with numbered versions; a secret exists from its first version."""

import base64
import binascii
import re
import sqlite3
from datetime import datetime

from local.workflows.records import written
from local.workflows.services.refusals import refused
from local.workflows.values import Value

SCHEMA = """
CREATE TABLE IF NOT EXISTS secrets(
    secret TEXT NOT NULL, version INTEGER NOT NULL, data TEXT NOT NULL, created TEXT NOT NULL,
    PRIMARY KEY (secret, version)) WITHOUT ROWID;
"""
_ADD = re.compile(r"/v1/(projects/[^/]+/secrets/[^/:]+):addVersion")
_ACCESS = re.compile(r"/v1/(projects/[^/]+/secrets/[^/]+)/versions/(latest|[0-9]+):access")


def answer(db: sqlite3.Connection, request: Value, now: datetime) -> Value:
    """Add or read a version."""
    if request["method"] == "GET":
        return _accessed(db, request["path"])
    found = _ADD.fullmatch(request["path"])
    if found is None:
        raise refused("INVALID_ARGUMENT", f"{request['path']} does not name a secret")
    try:
        data = request["body"]["payload"]["data"]
        base64.b64decode(data, validate=True)
    except (KeyError, TypeError, binascii.Error):
        raise refused("INVALID_ARGUMENT", "'payload.data' must be base64") from None
    version = db.execute(
        "INSERT INTO secrets SELECT ?, coalesce(max(version), 0) + 1, ?, ? FROM secrets "
        "WHERE secret = ? RETURNING version",
        (found[1], data, written(now), found[1]),
    ).fetchone()[0]
    name = f"{found[1]}/versions/{version}"
    return {"name": name, "createTime": written(now), "state": "ENABLED"}


def _accessed(db: sqlite3.Connection, path: str) -> Value:
    found = _ACCESS.fullmatch(path)
    if found is None:
        raise refused("INVALID_ARGUMENT", f"{path} does not name a version of a secret")
    latest = found[2] == "latest"
    row = db.execute(
        "SELECT * FROM secrets WHERE secret = ? AND (? OR version = ?) ORDER BY version DESC",
        (found[1], latest, 0 if latest else int(found[2])),
    ).fetchone()
    if row is None:
        raise refused("NOT_FOUND", f"Secret [{found[1]}] has no version {found[2]}.")
    return {
        "name": f"{found[1]}/versions/{row['version']}",
        "payload": {"data": row["data"]},
    }
