"""What an operation answers: its result as it is stored, so that a reader can check its hashes."""

import json
from dataclasses import dataclass
from typing import Any, Self

from pydantic_core import to_jsonable_python

from shared.edge.idempotency import Answer
from shared.entity import Entity, Value
from shared.operation import Call, PlainText
from shared.queries import Page


@dataclass
class Answered:
    """One answer, before the headers that all have."""

    status: int
    body: str
    headers: dict[str, str]
    media_type: str = "application/json"

    @classmethod
    def of(cls, result: Any, call: Call, *, status: int) -> Self:
        """Return the answer of an operation: what it returned, and the entry that its change is."""
        done = cls(status, _written(result), {})
        if isinstance(result, PlainText):
            done = cls(status, str(result), {}, result.media_type)
        if isinstance(result, Entity):
            done.headers["ETag"] = f'"{result.tag}"'
        if call.entries:
            done.headers["X-Audit-Entry"] = _audit_entry(call)
        return done

    @classmethod
    def again(cls, stored: Answer) -> Self:
        """Return what was answered before."""
        return cls(stored.status, stored.body, dict(stored.headers))


def _written(result: object) -> str:
    shown = _shown({} if result is None else result)
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))


def _shown(result: Any) -> Any:
    match result:
        case Page():
            return {"items": _shown(result.items), "next_cursor": result.next_cursor}
        case Value():
            return result.to_stored()
        case dict():
            return {name: _shown(value) for name, value in result.items()}
        case list() | tuple():
            return [_shown(value) for value in result]
        case _:
            return to_jsonable_python(result)


def _audit_entry(call: Call) -> str:
    of_the_addressed = [e for e in call.entries if e.entity.partition("/")[2] in call.addressed]
    entry = (of_the_addressed or call.entries)[0]
    return f"id={entry.id}, hash={entry.hash}, kid={entry.kid}, sig={entry.sig}"
