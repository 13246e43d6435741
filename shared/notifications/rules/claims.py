"""What a notice says, held against the record at the moment it is shown: what is over is told as over."""

import re
from datetime import datetime

from shared.entity import written
from shared.notifications.models import Claim, Notification, SeenNotification
from shared.notifications.rules.notices import CLAIM, over
from shared.notifications.rules.subjects import Told

MOST = 100
"""A badge looks at no more than the newest of so many."""

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z")


def claim(notification: Notification) -> Claim | None:
    """Return what a notice says of its subject that may be over."""
    return notification.claim or CLAIM[notification.kind]


def seen(notification: Notification, told: Told | None, at: datetime) -> SeenNotification:
    """Return a notice in words that hold now: with the present deadline, or with what became of it."""
    said = claim(notification)
    if notification.over:
        return SeenNotification(**dict(notification))
    if told is not None and not told.so(said, at):
        return SeenNotification(**dict(over(notification, told.became)))
    if told is not None and said == "waits" and told.deadline is not None:
        body = _INSTANT.sub(written(told.deadline), notification.body)
        return SeenNotification(**(dict(notification) | {"body": body}))
    return SeenNotification(**dict(notification))
