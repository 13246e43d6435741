"""Refusals as ``application/problem+json`` (RFC 9457)."""

import json
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shared.dialects import HOUSE, SCIM, Dialect
from shared.edge.arguments import not_json
from shared.edge.web import Response
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


def scim_error(refusal: Refusal) -> dict[str, Any]:
    """Return a refusal as RFC 7644 (3.12) writes it; its clients know no 422, and kinds of a 400 alone."""
    status = status_in(SCIM, refusal.status)
    document = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": str(status),
        "detail": refusal.detail,
    }
    kind = _SCIM_TYPES.get(refusal.code) if status == 400 else None
    return document | ({"scimType": kind} if kind else {})


_SCIM_TYPES = {"bad_request": "invalidSyntax", "validation_failed": "invalidValue"}


def status_in(dialect: Dialect, status: int) -> int:
    """Return by which status clients of a dialect know a refusal."""
    return 400 if dialect is SCIM and status == 422 else status


def written(
    refusal: Refusal, *, dialect: Dialect, path: str, correlation_id: str
) -> tuple[dict[str, Any], str]:
    """Return a refusal as a dialect writes it, and the media type of that."""
    if dialect is SCIM:
        return scim_error(refusal), SCIM.media_type
    document = problem(refusal, path=path, correlation_id=correlation_id)
    return document, "application/problem+json"


def response(
    refusal: Refusal, *, path: str, correlation_id: str, dialect: Dialect = HOUSE
) -> Response:
    """Answer with a refusal."""
    document, kind = written(refusal, dialect=dialect, path=path, correlation_id=correlation_id)
    status, headers = status_in(dialect, refusal.status), {"Content-Type": kind}
    answer = Response(json.dumps(document), status, headers)
    if refusal.retry_after_s is not None:
        answer.headers["Retry-After"] = str(refusal.retry_after_s)
    if refusal.status == 416:
        answer.headers["Content-Range"] = f"bytes */{refusal.members['length']}"
    if refusal.status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def explained(error: ValidationError) -> Refusal:
    """Turn pydantic's findings into a refusal: 400 for what is no JSON, 422 for what has another shape."""
    found = error.errors(include_url=False, include_input=False)
    for one in found:
        if one["type"] == "json_invalid":
            return BadRequest(not_json(one["ctx"]["error"]))
    from shared.wording import said

    violations = [
        Violation(rule=_rule(one), field=".".join(map(str, one["loc"])) or None, message=said(one))
        for one in _real(found)[:MAX_VIOLATIONS]
    ]
    first = violations[0]
    detail = f"{first.field}: {first.message}" if first.field else first.message
    return Invalid(detail, violations=violations)


def _real(found: list[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out of what pydantic found that a list is too short, where that is as it counts no item that is wrong."""
    places = {one["loc"][:n] for one in found for n in range(len(one["loc"]))}
    return [one for one in found if one["type"] != "too_short" or one["loc"] not in places]


def _rule(found: ErrorDetails) -> str:
    """Return the rule that a value breaks: the schema, or one that no schema can say."""
    error = found.get("ctx", {}).get("error")
    return error.rule if isinstance(error, Unfit) else "schema"
