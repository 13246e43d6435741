"""What a push message looks like: the shape of FCM's HTTP v1 API, at most 4 KiB."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.devices.models import Destination
from shared.notifications.models import Kind, Notification

MAX_BYTES = 4096
USUAL_TTL_S = 24 * 3600
MAX_TTL_S = 28 * 24 * 3600

CHANNEL: dict[Kind, str] = {
    "approval_pending": "approvals",
    "approval_request": "approvals",
    "approval_escalated": "approvals",
    "veto_window_closing": "approvals",
    "constitutional_violation": "violations",
    "agent_status": "violations",
    "workflow_breaker": "violations",
    "budget_threshold": "budget",
    "seed_auto_approval": "fyi",
    "announcement": "announcements",
}

Details = Mapping[str, str]


def message(
    notification: Notification,
    destination: Destination,
    more: Details,
    *,
    unread: int,
    at: datetime,
) -> dict[str, Any]:
    """
    Return the message that shows a notice on one device.

    It lives as long as something can still be done, and replaces an earlier one about the same thing.
    """
    data = {
        "type": notification.kind,
        "notification_id": notification.id,
        "correlation_id": notification.correlation_id,
        "subject_id": notification.subject.partition("/")[2],
        "severity": notification.priority,
        "deep_link": notification.deep_link,
        **more,
    }
    shown = {"title": notification.title, "body": notification.body}
    silent = notification.kind == "seed_auto_approval"
    return fitted(
        {
            "token": destination.fcm_token,
            "notification": shown,
            "data": data,
            **_delivery(
                subject=notification.subject,
                channel=CHANNEL[notification.kind],
                urgent=notification.priority in {"high", "critical"},
                silent=silent,
                unread=unread,
                expires=_expiry(more, at),
            ),
        }
    )


def digest_message(
    notification: Notification, destination: Destination, *, unread: int, at: datetime
) -> dict[str, Any]:
    """Return the one message of a day that says how many notices wait."""
    return {
        "token": destination.fcm_token,
        "notification": {
            "title": f"{unread} notices wait for you",
            "body": "None of them is urgent. Open the inbox to read them.",
        },
        "data": {
            "type": "announcement",
            "notification_id": notification.id,
            "correlation_id": notification.correlation_id,
            "subject_id": "digest",
            "severity": "default",
            "deep_link": "waooaw://notifications",
        },
        **_delivery(
            subject="notifications/digest",
            channel="fyi",
            urgent=False,
            silent=False,
            unread=unread,
            expires=(at, USUAL_TTL_S),
        ),
    }


def fitted(message: dict[str, Any]) -> dict[str, Any]:
    """Return the message with its body cut so far that the whole has at most 4 KiB."""
    over = _size(message) - MAX_BYTES
    if over <= 0:
        return message
    shown = message["notification"]
    body = shown["body"].encode()
    kept = body[: max(0, len(body) - over - len("…".encode()))].decode(errors="ignore")
    return message | {"notification": shown | {"body": kept + "…"}}


def _size(message: Mapping[str, Any]) -> int:
    return len(json.dumps({"message": message}, ensure_ascii=False).encode())


def _expiry(more: Details, at: datetime) -> tuple[datetime, int]:
    """Return from when and for how many seconds a message is worth showing."""
    if "expires_at" not in more:
        return at, USUAL_TTL_S
    left_s = int((datetime.fromisoformat(more["expires_at"]) - at).total_seconds())
    return at, min(max(0, left_s), MAX_TTL_S)


def _delivery(
    *,
    subject: str,
    channel: str,
    urgent: bool,
    silent: bool,
    unread: int,
    expires: tuple[datetime, int],
) -> dict[str, Any]:
    at, ttl_s = expires
    aps: dict[str, Any] = {"badge": unread} | ({} if silent else {"sound": "default"})
    return {
        "android": {
            "priority": "HIGH" if urgent else "NORMAL",
            "collapse_key": subject,
            "ttl": f"{ttl_s}s",
            "notification": {"channel_id": channel},
        },
        "apns": {
            "headers": {
                "apns-priority": "10" if urgent else "5",
                "apns-collapse-id": subject[-64:],
                "apns-expiration": str(int(at.timestamp()) + ttl_s),
            },
            "payload": {"aps": aps},
        },
    }
