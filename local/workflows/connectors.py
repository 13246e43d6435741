"""What carries the requests of connectors: to addresses that speak as the services do."""

import base64
from collections.abc import Mapping
from typing import Protocol

from local.workflows.errors import Raised, raised
from local.workflows.functions.effects import HTTP_TIMEOUT_MAX_S
from local.workflows.http import Home, Http
from local.workflows.values import Value


class Connectors(Protocol):
    """Where the requests of connectors go."""

    def send(self, request: Value, key: str) -> Value:
        """
        Send a request and return the body of the answer, or raise the documented error.

        *key* names the operation: it is the same when the request is sent again after a crash.
        """

    def may_repeat(self, request: Value) -> bool:
        """Tell whether a request whose outcome is unknown may be sent again."""


class Remote:
    """
    Send the requests to a base address for each service, such as an emulator's.

    `{"firestore": "http://127.0.0.1:8086", "pubsub": "http://127.0.0.1:8085"}`
    """

    def __init__(self, bases: Mapping[str, str]) -> None:
        self._bases = {service: base.rstrip("/") for service, base in bases.items()}
        self._http = Http(Home(""))

    def send(self, request: Value, key: str) -> Value:
        """Send a request to its service's base."""
        del key  # the real services know no key
        return self._http.send(self._translated(request))["body"]

    def may_repeat(self, request: Value) -> bool:
        """Tell whether the method is idempotent; what was not sent is."""
        return not self._reaches(request) or self._http.may_repeat(self._translated(request))

    def _reaches(self, request: Value) -> bool:
        return bool(request["method"]) and request["service"] in self._bases

    def _translated(self, request: Value) -> Value:
        service = request["service"]
        if not self._reaches(request):
            known = ", ".join(sorted(self._bases)) or "none"
            raise unreachable(request, f"there is no address for {service}; there is for: {known}")
        # A service takes text as it is, as the content of an object.
        text = {"Content-Type": "text/plain; charset=utf-8"}
        return {
            "method": request["method"],
            "url": self._bases[service] + request["path"],
            "timeout": min(request["timeout"], HTTP_TIMEOUT_MAX_S),
            "body": request["body"],
            "headers": text if isinstance(request["body"], str) else {},
            "query": request["query"],
            "auth": None,
        }


def unreachable(request: Value, why: str) -> Raised:
    """Make the error of a connector that this machine cannot call, which no retry makes better."""
    if not request["method"]:
        why = "its method is in no table here"
    return raised("SystemError", f"this machine cannot call {_name(request)}: {why}")


def _name(request: Value) -> str:
    return str(request.get("connector", f"googleapis.{request['service']}"))


def returned(request: Value, answer: Value) -> Value:
    """Return what a connector gives to its workflow: the body, or the text of a secret."""
    if not request["secret"]:
        return answer
    try:
        return base64.b64decode(answer["payload"]["data"]).decode()
    except (KeyError, TypeError, ValueError):
        raise raised("ResponseTypeError", "the version of the secret is not text") from None
