"""
Cloud Workflows, by the REST API of Workflow Executions.

The same code speaks to Google and to this machine's runtime, which answers at the same paths. A plain
request is far lighter for a cold function than the client library.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from shared.edge.settings import Settings
from shared.errors import ProviderDown
from shared.waiting import wait

TIMEOUT_S = 10.0


class WorkflowExecutions:
    """The `Workflows` port."""

    def __init__(self, settings: Settings, token: Callable[[], str] | None = None) -> None:
        """Say where the engine is, and where the caller's access token comes from."""
        self._settings = settings
        self._token = token or google_token

    def start(self, workflow: str, argument: Mapping[str, Any]) -> str:
        """
        Start an execution and return its id.

        Raises:
            ProviderDown: The engine does not take it now.
        """
        s = self._settings
        parent = f"projects/{s.project}/locations/{s.location}/workflows/{workflow}"
        body = json.dumps({"argument": json.dumps(argument)}).encode()
        status, answer = self._post(f"{s.executions}/v1/{parent}/executions", body)
        if status != 200:
            raise ProviderDown(f"the workflow engine answered {status}", retry_after_s=10)
        return str(json.loads(answer)["name"]).rpartition("/")[2]

    def wake(self, callback_url: str) -> None:
        """Call a waiting workflow back; one that no longer waits there counts as delivered."""
        wait("", callback_url, callbacks=self._settings.callbacks)
        status, _ = self._post(callback_url, b"{}")
        if status not in {200, 404}:
            raise ProviderDown(f"the workflow engine answered {status}", retry_after_s=10)

    def _post(self, url: str, body: bytes) -> tuple[int, bytes]:
        import urllib3

        headers = {"Authorization": f"Bearer {self._token()}", "Content-Type": "application/json"}
        try:
            answer = pool().request("POST", url, body=body, headers=headers, timeout=TIMEOUT_S)
        except urllib3.exceptions.HTTPError as error:
            raise ProviderDown("the workflow engine does not answer", retry_after_s=10) from error
        return answer.status, answer.data


def pool() -> Any:
    """Return the connections that this process shares."""
    import urllib3

    global _shared  # noqa: PLW0603 - one pool of connections for the process
    if _shared is None:
        _shared = urllib3.PoolManager(retries=False, maxsize=8)
    return _shared


_shared: Any = None


def google_token() -> str:
    """Return an OAuth access token of this process's own service account."""
    import google.auth
    from google.auth.transport.urllib3 import Request

    credentials, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
    credentials.refresh(Request(pool()))  # type: ignore[no-untyped-call]
    return str(credentials.token)
