"""Refusals as ``application/problem+json`` (RFC 9457)."""

import json
import re
from typing import Any

import flask
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shared.edge.arguments import not_json
from shared.errors import BadRequest, Invalid, Refusal, Unfit, Violation

TYPES = "https://waooaw.com/errors/"
MAX_VIOLATIONS = 100


class Internal(Refusal):
    """A defect of ours. Send it again with the same `Idempotency-Key`, and tell us the `correlation_id`."""

    status, code, title = 500, "internal", "Something went wrong on our side"


def problem(refusal: Refusal, *, path: str, correlation_id: str) -> dict[str, Any]:
    """Return the problem document of a refusal."""
    document: dict[str, Any] = {
        "type": TYPES + refusal.code.replace("_", "-"),
        "title": refusal.title,
        "status": refusal.status,
        "detail": refusal.detail,
        "instance": path,
        "code": refusal.code,
        "correlation_id": correlation_id,
    }
    if refusal.violations:
        document["violations"] = [v.model_dump(exclude_none=True) for v in refusal.violations]
    if refusal.retry_after_s is not None:
        document["retry_after_s"] = refusal.retry_after_s
    return document | refusal.members


def response(refusal: Refusal, *, path: str, correlation_id: str) -> flask.Response:
    """Answer with a refusal."""
    document = problem(refusal, path=path, correlation_id=correlation_id)
    answer = flask.Response(
        json.dumps(document), refusal.status, mimetype="application/problem+json"
    )
    if refusal.retry_after_s is not None:
        answer.headers["Retry-After"] = str(refusal.retry_after_s)
    if refusal.status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def explained(error: ValidationError) -> Refusal:
    """Turn pydantic's findings into a refusal: 400 for what is no JSON, 422 for what has another shape."""
    found = error.errors(include_url=False, include_input=False)
    for one in found:
        if one["type"] == "json_invalid":
            return BadRequest(not_json(one["ctx"]["error"]))
    violations = [
        Violation(rule=_rule(one), field=".".join(map(str, one["loc"])), message=_said(one))
        for one in _real(found)[:MAX_VIOLATIONS]
    ]
    first = violations[0]
    return Invalid(f"{first.field}: {first.message}", violations=violations)


def _real(found: list[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out of what pydantic found that a list is too short, where that is as it counts no item that is wrong."""
    places = {one["loc"][:n] for one in found for n in range(len(one["loc"]))}
    return [one for one in found if one["type"] != "too_short" or one["loc"] not in places]


def _rule(found: ErrorDetails) -> str:
    """Return the rule that a value breaks: the schema, or one that no schema can say."""
    error = found.get("ctx", {}).get("error")
    return error.rule if isinstance(error, Unfit) else "schema"


def _said(found: ErrorDetails) -> str:
    """Say what is wrong with a value; of a text that was judged pydantic counts the characters as items."""
    message = found["msg"].removeprefix("Value error, ")
    if found["type"] in {"too_long", "too_short"} and found["ctx"]["field_type"] == "Value":
        message = re.sub(r"^Value (.*) items? after validation", r"Text \1 characters", message)
    return message
