"""The rules of pushing: what is pushed at once, what waits for the morning, and what not at all."""

from datetime import datetime, time, timedelta
from typing import Literal

from shared.devices.rules import zone
from shared.notifications.events import PushDue
from shared.notifications.models import (
    Kind,
    Notification,
    NotificationPreferences,
    PushDay,
    QuietHours,
)
from shared.records import dataclass

MAX_A_DAY = 5
"""How many pushes that are not urgent a person gets on one day."""

DIGEST_AT = time(9)
LATER = timedelta(hours=1)
GIVE_UP_AFTER = 24
"""How often a push is tried again, an hour apart, while the provider is down."""

HELD_AT_NIGHT: frozenset[Kind] = frozenset(
    {"seed_auto_approval", "veto_window_closing", "announcement"}
)
ALWAYS_TOLD: frozenset[Kind] = frozenset({"constitutional_violation", "approval_escalated"})
"""Kinds that nobody can switch off."""

URGENT = frozenset({"high", "critical"})


@dataclass(frozen=True)
class Plan:
    """What is done about one notice for one person."""

    act: Literal["push", "digest", "wait", "nothing"]
    at: datetime | None = None
    digest: bool = False


def plan(
    notification: Notification,
    wishes: NotificationPreferences | None,
    day: PushDay | None,
    *,
    timezone: str,
    due: PushDue | None,
    at: datetime,
) -> Plan:
    """
    Say whether a person is pushed a notice now.

    Args:
        notification: The notice.

        wishes: What the person wants; nothing means the defaults.

        day: What they were pushed today.

        timezone: Where their device is.

        due: The promise that is kept now, if this is not the first time it is asked.

        at: The present.
    """
    muted = wishes.muted if wishes else ()
    if notification.read_at or (
        notification.kind in muted and notification.kind not in ALWAYS_TOLD
    ):
        return Plan("nothing")
    if due is not None and due.digest:
        return Plan("nothing" if day and day.digested else "digest")
    if notification.kind in HELD_AT_NIGHT and notification.priority != "critical":
        ends = quiet_until(wishes.quiet_hours if wishes else QuietHours(), timezone, at)
        if ends is not None:
            return Plan("wait", ends)
    if notification.priority not in URGENT and day is not None and day.sent >= MAX_A_DAY:
        return Plan("wait", _next(DIGEST_AT, timezone, at), digest=True)
    return Plan("push")


def quiet_until(hours: QuietHours, timezone: str, at: datetime) -> datetime | None:
    """Return when the quiet hours end that it is in now, or None outside of them."""
    start, end = time.fromisoformat(hours.start), time.fromisoformat(hours.end)
    now = at.astimezone(zone(timezone)).time()
    within = start <= now < end if start <= end else now >= start or now < end
    return _next(end, timezone, at) if within else None


def today(user_id: str, timezone: str, at: datetime) -> str:
    """Name a person's day, by their own clock."""
    return f"{user_id}:{at.astimezone(zone(timezone)).date()}"


def counted(day: PushDay | None, id: str, notification: Notification, *, digest: bool) -> PushDay:
    """Return a person's day with one push more."""
    day = day or PushDay(id=id)
    if digest:
        return day.model_copy(update={"digested": True})
    if notification.priority in URGENT:
        return day
    return day.model_copy(update={"sent": day.sent + 1})


def _next(clock: time, timezone: str, at: datetime) -> datetime:
    """Return the next moment at which a clock in that zone says so."""
    there = at.astimezone(zone(timezone))
    then = there.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)
    if then <= there:
        then += timedelta(days=1)
    return then.astimezone(at.tzinfo)
