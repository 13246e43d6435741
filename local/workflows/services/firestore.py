"""Documents with typed values, as Firestore's REST interface has them."""

import json
import re
import secrets
import sqlite3
import string
from collections.abc import Sequence
from datetime import datetime
from types import NoneType
from typing import Any

from local.workflows.errors import Raised
from local.workflows.numerals import read_double, read_integer
from local.workflows.records import written
from local.workflows.services.refusals import refused
from local.workflows.values import Value, integer, type_name

SCHEMA = """
CREATE TABLE IF NOT EXISTS documents(
    name TEXT PRIMARY KEY, fields TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL
) WITHOUT ROWID;
"""
_PARENT = r"projects/[^/]+/databases/[^/]+/documents"
_DOCUMENT = re.compile(rf"/v1/({_PARENT}(?:/[^/]+/[^/]+)+)")
_COLLECTION = re.compile(rf"/v1/({_PARENT}(?:/[^/]+/[^/]+)*/[^/]+)")
_LETTERS = string.ascii_letters + string.digits
_KINDS: dict[str, tuple[type, ...]] = {
    "nullValue": (NoneType, str),
    "booleanValue": (bool,),
    "integerValue": (int, str, float),
    "doubleValue": (int, float, str),
    "timestampValue": (str,),
    "stringValue": (str,),
    "bytesValue": (str,),
    "referenceValue": (str,),
    "geoPointValue": (dict,),
    "arrayValue": (dict,),
    "mapValue": (dict,),
}
"""What each kind of value holds; numbers may be written as strings (https://protobuf.dev/programming-guides/json)."""
_NOT_FINITE = {"NaN", "Infinity", "-Infinity"}


def answer(db: sqlite3.Connection, request: Value, now: datetime) -> Value:
    """Answer one request."""
    method, query = request["method"], request["query"]
    if method == "POST":
        return _masked(_create(db, request, now), _paths(query, "mask.fieldPaths"))
    found = _DOCUMENT.fullmatch(request["path"])
    if found is None:
        raise refused("INVALID_ARGUMENT", f"{request['path']} does not name a document")
    name = found[1]
    before = db.execute("SELECT * FROM documents WHERE name = ?", (name,)).fetchone()
    _precondition(before, name, dict(query))
    if method == "DELETE":
        db.execute("DELETE FROM documents WHERE name = ?", (name,))
        return {}
    if method == "PATCH":
        old = json.loads(before["fields"]) if before else {}
        created = before["created"] if before else written(now)
        fields = _patched(old, _fields(request["body"]), query)
        document = _store(db, name, fields, created, now)
    elif before is None:
        raise refused("NOT_FOUND", f'Document "{name}" not found.')
    else:
        document = _document(
            name, json.loads(before["fields"]), before["created"], before["updated"]
        )
    return _masked(document, _paths(query, "mask.fieldPaths"))


def _create(db: sqlite3.Connection, request: Value, now: datetime) -> Value:
    found = _COLLECTION.fullmatch(request["path"])
    if found is None:
        raise refused("INVALID_ARGUMENT", f"{request['path']} does not name a collection")
    made = "".join(secrets.choice(_LETTERS) for _ in range(20))
    name = f"{found[1]}/{dict(request['query']).get('documentId') or made}"
    if db.execute("SELECT 1 FROM documents WHERE name = ?", (name,)).fetchone():
        raise refused("ALREADY_EXISTS", f"Document already exists: {name}")
    return _store(db, name, _fields(request["body"]), written(now), now)


def _store(
    db: sqlite3.Connection, name: str, fields: dict[str, Any], created: str, now: datetime
) -> Value:
    row = name, json.dumps(fields), created, written(now)
    db.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?)", row)
    return _document(name, fields, created, written(now))


def _document(name: str, fields: dict[str, Any], created: str, updated: str) -> Value:
    return {"name": name, "fields": fields, "createTime": created, "updateTime": updated}


def _precondition(before: sqlite3.Row | None, name: str, query: dict[str, str]) -> None:
    exists = query.get("currentDocument.exists")
    if exists == "true" and before is None:
        raise refused("NOT_FOUND", f"No document to update: {name}")
    if exists == "false" and before is not None:
        raise refused("ALREADY_EXISTS", f"Document already exists: {name}")
    updated = query.get("currentDocument.updateTime")
    if updated is not None and (before is None or before["updated"] != updated):
        raise refused("FAILED_PRECONDITION", f"{name} was not last updated at {updated}")


# --- fields ---------------------------------------------------------------------------------------


def _fields(body: Value) -> dict[str, Any]:
    fields = body.get("fields", {}) if isinstance(body, dict) else None
    if not isinstance(fields, dict):
        raise refused("INVALID_ARGUMENT", "a document is a map with 'fields'")
    return {name: _typed(value) for name, value in fields.items()}


def _typed(value: Value) -> Value:
    """Check a typed value, and write it as the service returns it."""
    if not isinstance(value, dict) or len(value) != 1 or not value.keys() <= _KINDS.keys():
        sentence = f"a value must be a map with one of {', '.join(sorted(_KINDS))}; got: {type_name(value)}"
        raise refused("INVALID_ARGUMENT", sentence)
    [(kind, inner)] = value.items()
    if not isinstance(inner, _KINDS[kind]) or (isinstance(inner, bool) and kind != "booleanValue"):
        raise refused("INVALID_ARGUMENT", f"a {kind} cannot be a {type_name(inner)}")
    if kind in {"integerValue", "doubleValue"}:
        return {kind: _number(kind, inner)}
    if kind == "mapValue":
        return {kind: {"fields": _fields(inner)}}
    if kind == "arrayValue":
        values = inner.get("values", []) if isinstance(inner, dict) else None
        if not isinstance(values, list):
            raise refused("INVALID_ARGUMENT", "an arrayValue is a map with the list 'values'")
        return {kind: {"values": [_typed(one) for one in values]}}
    return {kind: inner}


def _number(kind: str, given: Value) -> Value:
    """Check a number, which may be a string; an integer of 64 bits is written as one."""
    try:
        if kind == "doubleValue":
            if isinstance(given, str) and given not in _NOT_FINITE:
                read_double(given)
            return given
        found = read_integer(given) if isinstance(given, str) else integer(int(given))
    except (Raised, ValueError, OverflowError):
        raise refused("INVALID_ARGUMENT", f"it is no {kind}") from None
    if not isinstance(given, str) and found != given:
        raise refused("INVALID_ARGUMENT", "an integerValue has no fraction")
    return str(found)


def _paths(query: Sequence[Sequence[str]], name: str) -> list[list[str]]:
    """Return the field paths of a mask; a part in backquotes may hold dots."""
    paths = [
        [quoted or plain for quoted, plain in re.findall(r"`([^`]*)`|([^.`]+)", value)]
        for key, value in query
        if key == name
    ]
    if not all(paths):
        raise refused("INVALID_ARGUMENT", f"{name} names no field")
    return paths


def _patched(old: dict[str, Any], new: dict[str, Any], query: Value) -> dict[str, Any]:
    """Return the fields after a patch: all new ones, or the old ones changed where the mask says."""
    paths = _paths(query, "updateMask.fieldPaths")
    if not paths:
        return new
    for path in paths:
        value, inner = _at(new, path), old
        for part in path[:-1]:
            held = inner.get(part, {}).get("mapValue")
            if held is None:
                held = {"fields": {}}
                if value is not None:
                    inner[part] = {"mapValue": held}
            inner = held["fields"]
        if value is None:
            inner.pop(path[-1], None)
        else:
            inner[path[-1]] = value
    return old


def _at(fields: dict[str, Any], path: list[str]) -> Value:
    for part in path[:-1]:
        fields = fields.get(part, {}).get("mapValue", {}).get("fields", {})
    return fields.get(path[-1])


def _masked(document: Value, paths: list[list[str]]) -> Value:
    """Return a document with the fields of a mask only."""
    if not paths:
        return document
    kept = {path[0]: document["fields"][path[0]] for path in paths if path[0] in document["fields"]}
    return {**document, "fields": kept}
