"""Objects in buckets; a bucket exists from its first object."""

import base64
import hashlib
import re
import sqlite3
from datetime import datetime
from urllib.parse import quote, unquote

from local.workflows.records import written
from local.workflows.services.refusals import refused
from local.workflows.values import Value, from_json, to_json

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects(
    bucket TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, data BLOB NOT NULL,
    generation INTEGER NOT NULL, created TEXT NOT NULL, PRIMARY KEY (bucket, name)) WITHOUT ROWID;
"""
_INSERT = re.compile(r"/upload/storage/v1/b/([^/]+)/o")
_OBJECT = re.compile(r"/storage/v1/b/([^/]+)/o/([^/]+)")


def answer(db: sqlite3.Connection, request: Value, now: datetime) -> Value:
    """Write, read or delete an object."""
    path, query = request["path"], dict(request["query"])
    inserted, named = _INSERT.fullmatch(path), _OBJECT.fullmatch(path)
    if inserted is not None:
        return _inserted(db, unquote(inserted[1]), query, request["body"], now)
    if named is None:
        raise refused("INVALID_ARGUMENT", f"{path} does not name an object")
    bucket, name = unquote(named[1]), unquote(named[2])
    row = db.execute(
        "SELECT * FROM objects WHERE bucket = ? AND name = ?", (bucket, name)
    ).fetchone()
    if row is None:
        raise refused("NOT_FOUND", f"No such object: {bucket}/{name}")
    if request["method"] == "DELETE":
        db.execute("DELETE FROM objects WHERE bucket = ? AND name = ?", (bucket, name))
        return None
    return _content(row) if query.get("alt") == "media" else _metadata(row)


def _inserted(
    db: sqlite3.Connection, bucket: str, query: dict[str, str], body: Value, now: datetime
) -> Value:
    name = query.get("name")
    if not name:
        raise refused("INVALID_ARGUMENT", "Required parameter: name")
    if body is None:
        kind, data = "application/octet-stream", b""
    elif isinstance(body, bytes):
        kind, data = "application/octet-stream", body
    elif isinstance(body, str):
        kind, data = "text/plain; charset=utf-8", body.encode(errors="replace")
    else:
        kind, data = "application/json; charset=utf-8", to_json(body).encode(errors="replace")
    row = db.execute(
        "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?) RETURNING *",
        (bucket, name, kind, data, int(now.timestamp() * 1_000_000), written(now)),
    ).fetchone()
    return _metadata(row)


def _content(row: sqlite3.Row) -> Value:
    kind, data = row["kind"], bytes(row["data"])
    if kind.startswith("application/json"):
        return from_json(data)
    return data.decode(errors="replace") if kind.startswith("text/") else data


def _metadata(row: sqlite3.Row) -> Value:
    bucket, name, generation = row["bucket"], row["name"], row["generation"]
    digest = hashlib.md5(row["data"], usedforsecurity=False).digest()
    return {
        "kind": "storage#object",
        "id": f"{bucket}/{name}/{generation}",
        "selfLink": f"https://www.googleapis.com/storage/v1/b/{bucket}/o/{quote(name, safe='')}",
        "name": name,
        "bucket": bucket,
        "generation": str(generation),
        "metageneration": "1",
        "contentType": row["kind"],
        "size": str(len(row["data"])),
        "md5Hash": base64.b64encode(digest).decode(),
        "timeCreated": row["created"],
        "updated": row["created"],
    }
