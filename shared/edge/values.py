"""How Firestore's JSON writes the values of a document."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.documents import EXPIRY
from shared.instants import written

_INNER = "[]"
"""The one member of a map that stands for a list within a list, which Firestore does not take."""


def fields(data: Mapping[str, Any]) -> dict[str, Any]:
    """Write a document, and until when it is kept as a time: Firestore deletes by nothing else."""
    expiry = {EXPIRY: {"timestampValue": data[EXPIRY]}} if EXPIRY in data else {}
    return _members(data) | expiry


def data(document: Mapping[str, Any]) -> dict[str, Any]:
    """Read a document; its members have no order in Firestore, so they are put in that of their names."""
    found = document.get("fields", {})
    return {name: _decoded(found[name]) for name in sorted(found)}


def encoded(value: Any) -> dict[str, Any]:
    """Write a value: a number of 64 bits is a text there, and zero has no sign."""
    match value:
        case None:
            return {"nullValue": None}
        case dict():
            return {"mapValue": {"fields": _members(value)}}
        case list() | tuple():
            return {"arrayValue": {"values": [encoded(outside(item)) for item in value]}}
        case bool():
            return {"booleanValue": value}
        case int():
            return {"integerValue": str(value)}
    return {"stringValue": value} if isinstance(value, str) else {"doubleValue": value + 0.0}


def outside(item: Any) -> Any:
    """Put a list within a list into a map of its own, and a map that looks like one of those too."""
    alike = isinstance(item, dict) and list(item) == [_INNER]
    return {_INNER: item} if alike or isinstance(item, list | tuple) else item


def text(asked: Any) -> str:
    """Write a request as it is sent."""
    return json.dumps(asked, ensure_ascii=False, separators=(",", ":"))


def _members(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: encoded(value) for name, value in members.items()}


def _inside(item: Any) -> Any:
    return item[_INNER] if isinstance(item, dict) and list(item) == [_INNER] else item


def _decoded(value: Mapping[str, Any]) -> Any:
    ((kind, content),) = value.items()
    match kind:
        case "integerValue":
            return int(content)
        case "timestampValue":
            return written(datetime.fromisoformat(content))
        case "doubleValue":
            return float(content)
        case "mapValue":
            return data(content)
        case "arrayValue":
            return [_inside(_decoded(item)) for item in content.get("values", [])]
    return content
