"""
Cloud Workflows, by the REST API of Workflow Executions.

The same code speaks to Google and to this machine's runtime, which answers at the same paths. A plain
request is far lighter for a cold function than the client library.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from shared.edge.addresses import path
from shared.edge.google_token import google_token
from shared.edge.http_client import Caller, reading
from shared.edge.settings import Settings
from shared.errors import ProviderDown
from shared.waiting import wait

HEADERS = {"Content-Type": "application/json"}
RUNNING = {"ACTIVE", "QUEUED"}
WHO = "the workflow engine"


class WorkflowExecutions:
    """The `Workflows` port."""

    def __init__(
        self, settings: Settings, token: Callable[[], str] = google_token, **options: Any
    ) -> None:
        """Say where the engine is, where the caller's access token comes from, and how it is called."""
        self._settings = settings
        self._caller = Caller("workflows", token=token, **options)

    def start(self, workflow: str, argument: Mapping[str, Any]) -> str:
        """
        Start an execution and return its id.

        It is not started again where the answer was lost: there would be two.

        Raises:
            ProviderDown: The engine does not take it now.
        """
        s = self._settings
        parent = path("projects", s.project, "locations", s.location, "workflows", workflow)
        url = s.reached(f"{s.executions}/v1/{parent}/executions")
        body = json.dumps({"argument": json.dumps(argument)}).encode()
        answer = self._caller.request("POST", url, body=body, headers=HEADERS, repeatable=False)
        if answer.status != 200:
            raise _refused(answer.status)
        with reading(WHO):
            _, ours, id = answer.parsed["name"].rpartition(f"/workflows/{workflow}/executions/")
            if not (ours and id):
                raise ValueError("no execution of this one")
            return str(id)

    def wake(self, callback_url: str) -> bool:
        """Call a waiting workflow back, and say whether it was there."""
        url = self._reached(callback_url)
        answer = self._caller.request("POST", url, body=b"{}", headers=HEADERS)
        if answer.status not in {200, 404}:
            raise _refused(answer.status)
        return answer.status == 200

    def waits(self, callback_url: str) -> bool:
        """Say whether the execution still runs that waits at an address."""
        execution = self._reached(callback_url).rpartition("/callbacks/")[0]
        answer = self._caller.request("GET", execution)
        if answer.status not in {200, 404}:
            raise _refused(answer.status)
        if answer.status == 404:
            return False
        with reading(WHO):
            return answer.parsed["state"] in RUNNING

    def _reached(self, callback_url: str) -> str:
        """Return where a callback of this project's own is reached now."""
        url = wait("", callback_url, callbacks=self._settings.callbacks).url
        return self._settings.reached(url)


def _refused(status: int) -> ProviderDown:
    return ProviderDown(f"{WHO} answered {status}", retry_after_s=10)
