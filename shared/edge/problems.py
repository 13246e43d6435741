"""Refusals as ``application/problem+json`` (RFC 9457)."""

import json
from collections.abc import Mapping
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
    violations = [
        Violation(rule=_rule(one), field=".".join(map(str, one["loc"])) or None, message=_said(one))
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


_WORDS: Mapping[str, str] = {
    "missing": "it is required",
    "extra_forbidden": "nothing is called so here; leave it out",
    "string_type": "it must be a text",
    "string_pattern_mismatch": "it must be written as {pattern} says",
    "string_too_short": "it must have {min_length} characters at least",
    "string_too_long": "it may have {max_length} characters at most",
    "too_short": "it must have {min_length} items at least, and has {actual_length}",
    "too_long": "it may have {max_length} items at most",
    "literal_error": "it must be {expected}",
    "enum": "it must be {expected}",
    "int_type": "it must be a whole number",
    "int_from_float": "it must be a whole number",
    "int_parsing": "it must be a whole number",
    "bool_type": "it must be true or false",
    "bool_parsing": "it must be true or false",
    "greater_than": "it must be more than {gt}",
    "greater_than_equal": "it must be {ge} at least",
    "less_than": "it must be less than {lt}",
    "less_than_equal": "it may be {le} at most",
    "tuple_type": "it must be a list",
    "list_type": "it must be a list",
    "dict_type": "it must be an object",
    "model_type": "it must be an object",
    "model_attributes_type": "it must be an object",
    "none_required": "it must be null",
}
"""What pydantic's findings are called here, by their type."""


def _said(found: ErrorDetails) -> str:
    """Say what is wrong with a value; of a text that was judged pydantic counts the characters as items."""
    kind, context = found["type"], found.get("ctx", {})
    if kind in {"too_long", "too_short"} and context["field_type"] == "Value":
        kind = f"string_{kind}"
    if kind in _WORDS:
        return _WORDS[kind].format_map(context)
    return found["msg"].removeprefix("Value error, ")
