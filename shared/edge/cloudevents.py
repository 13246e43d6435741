"""What a reaction is told: CloudEvents over HTTP, whole or in their binary mode, and what Pub/Sub pushes as it is."""

import json
from collections.abc import Mapping
from typing import Any

from shared.edge.web import Request
from shared.errors import BadRequest, MethodNotAllowed, UnsupportedType

MOST_BYTES = 32 * 1024 * 1024
"""How long a request can be that Cloud Run hands on."""

_REQUIRED = ("specversion", "type", "source", "id")
_VERSIONS = frozenset({"0.3", "1.0"})


class Event(dict[str, str]):
    """The attributes of an event, by their names; a plain push has none."""

    data: Any
    """What it says, where that is JSON: of a document Eventarc tells in another form, which nobody reads here."""

    def __init__(self, request: Request) -> None:
        """
        Read it off a request.

        Raises:
            MethodNotAllowed: It is no POST.

            UnsupportedType: It is no event, and no JSON either.

            BadRequest: It is no event.
        """
        if request.method != "POST":
            raise MethodNotAllowed("an event is told by POST")
        named = {name.lower(): said for name, said in request.headers.items()}
        super().__init__((name[3:], said) for name, said in named.items() if name.startswith("ce-"))
        self.data = _read(request.body(MOST_BYTES))
        told = self.data if isinstance(self.data, Mapping) else {}
        if not self._is_whole and all(isinstance(told.get(name), str) for name in _REQUIRED):
            about = told.keys() - {"data", "data_base64"}
            self.update((name, told[name]) for name in about if isinstance(told[name], str))
            self.data = _said(told)
        if self._is_whole:
            if self["specversion"] not in _VERSIONS:
                raise BadRequest(f"an event is told as of version 1.0, not {self['specversion']}")
        elif not _is_json(request.mimetype):
            raise UnsupportedType("tell a CloudEvent, or push a message as JSON")
        elif not _is_push(told):
            raise BadRequest("this is no CloudEvent, and no message pushed by Pub/Sub")

    @property
    def _is_whole(self) -> bool:
        return all(name in self for name in _REQUIRED)


def _said(told: Mapping[str, Any]) -> Any:
    """Return what a whole event says; bytes are in Base64 (CloudEvents' JSON format, 3.1)."""
    if "data_base64" not in told:
        return told.get("data")
    import base64

    if "data" in told:
        raise BadRequest("an event says one thing")
    try:
        said = base64.b64decode(told["data_base64"], validate=True)
    except (TypeError, ValueError) as error:
        raise BadRequest("what an event says cannot be read") from error
    return _read(said)


def _read(said: bytes) -> Any:
    try:
        return json.loads(said)
    except (ValueError, RecursionError):
        return None


def _is_push(told: Mapping[str, Any]) -> bool:
    """Say whether it is what Pub/Sub pushes, as the framework knows it: there is no message of nothing."""
    message = told.get("message")
    if not isinstance(message, Mapping):
        return False
    said = (told.get("subscription"), message.get("data"), message.get("messageId"))
    return all(isinstance(one, str) for one in said)


def _is_json(kind: str) -> bool:
    return kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )
