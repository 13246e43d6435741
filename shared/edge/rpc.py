"""
What Google's APIs say of a request that failed, and which of it may pass.

Each failure bears one of the codes of google.rpc.Code, whatever its HTTP status: an answer that comes as a
stream may have begun with 200.

https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
"""

from typing import Any

from shared.edge.http_pool import Answer

PASSING = frozenset(
    {
        "CANCELLED",
        "UNKNOWN",
        "DEADLINE_EXCEEDED",
        "RESOURCE_EXHAUSTED",
        "ABORTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
    }
)
"""The codes that may be gone in a moment."""

FOR_GOOD = frozenset(
    {
        "INVALID_ARGUMENT",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "FAILED_PRECONDITION",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "UNAUTHENTICATED",
    }
)
"""The codes of what is refused, and would be again."""

OK = "OK"

_BY_STATUS = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def parts(answer: Answer) -> list[dict[str, Any]]:
    """Return the parts of an answer, of which an error is one; none where it cannot be read."""
    parsed = answer.parsed
    found = parsed if isinstance(parsed, list) else [parsed]
    return found if all(isinstance(part, dict) and part for part in found) else []


def code(answer: Answer) -> str:
    """Return how a request went: OK, or the code of what went wrong."""
    told = _error(answer)
    if told is None:
        if answer.status != 200:
            return _by_status(answer.status)
        return OK if parts(answer) else "UNKNOWN"
    named = told.get("status")
    if named in PASSING | FOR_GOOD:
        return str(named)
    status = told.get("code")
    return _by_status(status if isinstance(status, int) else answer.status)


def outage(answer: Answer) -> str | None:
    """Return the code of what may pass, or None: an answer, though it says no."""
    said = code(answer)
    return said if said in PASSING else None


def message(answer: Answer) -> str:
    """Return how Google explains what went wrong."""
    return str((_error(answer) or {}).get("message", ""))[:1000]


def _error(answer: Answer) -> dict[str, Any] | None:
    told = [part["error"] for part in parts(answer) if isinstance(part.get("error"), dict)]
    return told[-1] if told else None


def _by_status(status: int) -> str:
    return _BY_STATUS.get(
        status, "UNKNOWN" if status >= 500 or status < 300 else "INVALID_ARGUMENT"
    )
