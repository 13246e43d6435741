"""
Push messages, by the REST API of Firebase Cloud Messaging (HTTP v1).

A plain request is far lighter for a cold function than the client library, and says the same.
"""

import json
import random
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from shared.edge.addresses import path
from shared.edge.http_client import Caller, reading
from shared.errors import ProviderDown
from shared.outside import Pushed

FCM = "https://fcm.googleapis.com"
WITHIN_S = 60.0
PAUSES_S = (2.0, 4.0, 8.0, 16.0)
"""How long to wait between attempts, about, while the provider does not take a message."""

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

    def __init__(self, project: str, *, base: str = FCM, **options: Any) -> None:
        """
        Say where the provider is; nothing is connected before the first message.

        Args:
            project: The Firebase project.

            base: The provider's address.

            options: How it is called, as `Caller` takes it.
        """
        self._url = f"{base}/v1/{path('projects', project)}/messages:send"
        self._caller = Caller("fcm", within_s=WITHIN_S, pause=_pause, **options)

    def send(self, message: Mapping[str, Any]) -> Pushed:
        """
        Hand one message over, again where the provider is busy or does not answer.

        Raises:
            ProviderDown: It did not take the message for a while; try again much later.
        """
        body = json.dumps({"message": message}, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json"}
        try:
            answer = self._caller.request("POST", self._url, body=body, headers=headers)
        except ProviderDown as down:
            later_s = max(LATER_S, down.retry_after_s or 0)
            raise ProviderDown(down.detail, retry_after_s=later_s) from down
        if answer.status == 200:
            return Pushed("sent", str(_parsed(answer.body).get("name", "")))
        codes = _codes(answer.body)
        if codes & GONE:
            return Pushed("unregistered")
        if answer.status in {400, 404}:
            return Pushed("refused", ",".join(sorted(codes)))
        raise ProviderDown(f"the push provider answered {answer.status}", retry_after_s=LATER_S)


def _pause(attempt: int) -> float:
    return PAUSES_S[attempt] * random.uniform(1, 1.25)  # noqa: S311 - jitter


def _codes(answer: bytes) -> set[str]:
    """Return what FCM's own part of a refusal says is wrong."""
    error = _parsed(answer).get("error")
    details = error.get("details", []) if isinstance(error, dict) else []
    with reading("the push provider"):
        return {str(detail["errorCode"]) for detail in details if "errorCode" in detail}


def _parsed(answer: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(answer)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
