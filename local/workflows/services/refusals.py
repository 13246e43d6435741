"""How the services refuse."""

from local.workflows.errors import Raised, raised

_CODES = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
}


def refused(status: str, message: str) -> Raised:
    """Make the error that a connector raises for an answer of this status."""
    code = _CODES[status]
    return raised(
        "HttpError",
        f"HTTP server responded with error code {code}",
        code=code,
        headers={"Content-Type": "application/json; charset=UTF-8"},
        body={"error": {"code": code, "message": message, "status": status}},
    )
