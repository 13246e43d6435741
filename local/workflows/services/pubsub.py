"""Topics that keep what is published; a topic exists from its first message."""

import json
import re
import sqlite3
from datetime import datetime

from local.workflows.records import written
from local.workflows.services.refusals import refused
from local.workflows.values import Value

SCHEMA = """
CREATE TABLE IF NOT EXISTS messages(
    n INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, message TEXT NOT NULL,
    published TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS messages_of ON messages(topic, n);
"""
_PUBLISH = re.compile(r"/v1/(projects/[^/]+/topics/[^/:]+):publish")


def answer(db: sqlite3.Connection, request: Value, now: datetime) -> Value:
    """Publish messages."""
    found = _PUBLISH.fullmatch(request["path"])
    if found is None:
        raise refused("INVALID_ARGUMENT", f"{request['path']} does not name a topic")
    body = request["body"]
    messages = body.get("messages") if isinstance(body, dict) else None
    if not isinstance(messages, list) or not messages:
        raise refused("INVALID_ARGUMENT", "'messages' must be a list with at least one message")
    for message in messages:
        if not isinstance(message, dict) or not (message.get("data") or message.get("attributes")):
            raise refused("INVALID_ARGUMENT", "a message needs 'data', in base64, or 'attributes'")
    ids = [
        db.execute(
            "INSERT INTO messages(topic, message, published) VALUES (?, ?, ?)",
            (found[1], json.dumps(message), written(now)),
        ).lastrowid
        for message in messages
    ]
    return {"messageIds": [str(id) for id in ids]}
