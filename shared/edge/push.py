"""
Push messages, by the REST API of Firebase Cloud Messaging (HTTP v1).

A plain request is far lighter for a cold function than the client library, and says the same.
"""

import json
import random
import time
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from shared.edge import workflows
from shared.errors import ProviderDown
from shared.reaction import Pushed

FCM = "https://fcm.googleapis.com"
TIMEOUT_S = 10.0
PAUSES_S = (2.0, 4.0, 8.0)
"""How long to wait between attempts, about, while the provider does not take a message."""

MOST_PAUSE_S = 30.0
"""A longer wait than this is for a promise, not for a thread."""

LATER_S = 3600
GONE = {"UNREGISTERED", "SENDER_ID_MISMATCH"}
"""What FCM says of a device that will never take a message of ours again."""


class InboxPush:
    """The `Push` port where there is no provider: on one machine the inbox and its stream tell."""

    def send(self, message: Mapping[str, Any]) -> Pushed:
        """Take the message as shown; it is in the inbox already."""
        del message
        return Pushed("sent", f"local/{uuid4()}")


class FcmPush:
    """The `Push` port."""

    def __init__(
        self,
        project: str,
        *,
        base: str = FCM,
        token: Callable[[], str] = workflows.google_token,
        sleep: Callable[[float], None] = time.sleep,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """
        Say where the provider is; nothing is connected before the first message.

        Args:
            project: The Firebase project.

            base: The provider's address.

            token: Where the caller's access token comes from.

            sleep: How to wait between two attempts.

            timeout_s: How long to wait for an answer.
        """
        self._url = f"{base}/v1/projects/{project}/messages:send"
        self._token, self._sleep, self._timeout_s = token, sleep, timeout_s

    def send(self, message: Mapping[str, Any]) -> Pushed:
        """
        Hand one message over, again where the provider is busy or does not answer.

        Raises:
            ProviderDown: It did not take the message for a while; try again much later.
        """
        body = json.dumps({"message": message}, ensure_ascii=False).encode()
        wait_s = 0.0
        for pause_s in (*PAUSES_S, None):
            status, answer, wait_s = self._post(body)
            if status == 200:
                return Pushed("sent", str(_parsed(answer).get("name", "")))
            codes = _codes(answer)
            if codes & GONE:
                return Pushed("unregistered")
            if status in {400, 404}:
                return Pushed("refused", ",".join(sorted(codes)))
            if pause_s is None or wait_s > MOST_PAUSE_S or status in {401, 403}:
                break
            self._sleep(max(wait_s, pause_s) * random.uniform(1, 1.25))  # noqa: S311 - jitter
        raise ProviderDown(
            "the push provider does not answer", retry_after_s=max(LATER_S, int(wait_s))
        )

    def _post(self, body: bytes) -> tuple[int, bytes, float]:
        """Return the status, 0 where there is none, the answer, and how long to wait at least."""
        import urllib3

        headers = {"Authorization": f"Bearer {self._token()}", "Content-Type": "application/json"}
        try:
            answer = workflows.pool().request(
                "POST", self._url, body=body, headers=headers, timeout=self._timeout_s
            )
        except urllib3.exceptions.HTTPError:
            return 0, b"", 0.0
        after = answer.headers.get("Retry-After", "")
        return answer.status, answer.data, float(after) if after.isdigit() else 0.0


def _codes(answer: bytes) -> set[str]:
    """Return what FCM's own part of a refusal says is wrong."""
    details = _parsed(answer).get("error", {}).get("details", [])
    return {str(detail["errorCode"]) for detail in details if "errorCode" in detail}


def _parsed(answer: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(answer)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
