"""What a reaction is told: CloudEvents over HTTP in their binary mode, and what Pub/Sub pushes as it is."""

import json
from typing import Any

from shared.edge.web import Request

MOST_BYTES = 32 * 1024 * 1024
"""How long a request can be that Cloud Run hands on."""


class Event(dict[str, str]):
    """The attributes of an event, by their names; a plain push has none."""

    data: Any
    """What it says, where that is JSON: of a document Eventarc tells in another form, which nobody reads here."""

    def __init__(self, request: Request) -> None:
        """Read it off a request."""
        named = {name.lower(): said for name, said in request.headers.items()}
        super().__init__((name[3:], said) for name, said in named.items() if name.startswith("ce-"))
        try:
            self.data = json.loads(request.body(MOST_BYTES))
        except (ValueError, RecursionError):
            self.data = None
