"""How the two services refuse: with a status of google.rpc, a sentence, and details that say what it is about."""

from collections.abc import Iterable
from typing import Any

from local.workflows.callbacks import CallbackRefusedError
from local.workflows.errors import LoadError, StrangerError, UnavailableError
from local.workflows.records import ExistsError, MissingError

HTTP = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
}
"""The statuses, and the code of each in HTTP (google/rpc/code.proto)."""

_BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
# The first that fits.
_KNOWN: tuple[tuple[type[Exception], str], ...] = (
    (MissingError, "NOT_FOUND"),
    (ExistsError, "ALREADY_EXISTS"),
    (UnavailableError, "UNAVAILABLE"),
    (StrangerError, "UNAUTHENTICATED"),
    (PermissionError, "PERMISSION_DENIED"),
)


class Refused(Exception):
    """Refuse a request; *code* is another one than that of the status, where HTTP has a better one."""

    def __init__(
        self, status: str, message: str, details: Iterable[dict[str, Any]] = (), code: int = 0
    ) -> None:
        self.status, self.message, self.details = status, message, list(details)
        self.code = code or HTTP[status]
        super().__init__(message)

    def body(self) -> dict[str, Any]:
        """Write it as the body of an answer."""
        error = {"code": self.code, "message": self.message, "status": self.status}
        return {"error": {**error, "details": self.details} if self.details else error}


def invalid(message: str, *violations: tuple[str, str]) -> Refused:
    """Refuse what a client said; each violation is a field, or nothing for all of it, and what is wrong with it."""
    fields = [
        {**({"field": field} if field else {}), "description": text} for field, text in violations
    ]
    details = [{"@type": _BAD_REQUEST, "fieldViolations": fields}] if fields else []
    return Refused("INVALID_ARGUMENT", message, details)


def unknown(names: Iterable[str], where: str = "", *, query: bool = False) -> Refused:
    """Refuse names that a message does not have, in the words of the service's HTTP front."""
    found = []
    for name in names:
        at = f" at '{where}'" if where else ""
        wrong = "Cannot find field."
        if query:
            field = name.rpartition(".")[2]
            wrong = f"Cannot bind query parameter. Field '{field}' could not be found in request message."
        found.append(f'Invalid JSON payload received. Unknown name "{name[:100]}"{at}: {wrong}')
    return invalid("\n".join(found), *((where, one) for one in found))


def by_code(code: int, message: str) -> Refused:
    """Refuse by a code of HTTP; one that no status has is what the client said, or what nobody foresaw."""
    otherwise = "INVALID_ARGUMENT" if code < 500 else "INTERNAL"
    status = next((name for name, http in HTTP.items() if http == code), otherwise)
    return Refused(status, message, code=code)


def refusal(error: Exception) -> Refused | None:
    """Return how an error of the runtime is told, or None for one that nobody foresaw."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, LoadError):
        found = [("workflow.source_contents", str(problem)) for problem in error.problems]
        return invalid(str(error), *found)
    if isinstance(error, CallbackRefusedError):
        status = next((s for s, code in HTTP.items() if code == error.code), "UNIMPLEMENTED")
        return Refused(status, str(error), code=error.code)
    for kind, status in _KNOWN:
        if isinstance(error, kind):
            return Refused(status, str(error))
    return None
