"""Hand one notice to the devices of those it is for, and keep what became of it."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any

from shared.actors import tenant_in
from shared.devices import rules as devices
from shared.devices.events import DeviceRevoked
from shared.devices.models import Destination, Device
from shared.errors import ProviderDown
from shared.notifications.actions import shown
from shared.notifications.events import NotificationFailed, NotificationSent, PushDue
from shared.notifications.models import Notification, NotificationPreferences, PushDay, PushLog
from shared.notifications.rules import claims, messages, pushing
from shared.notifications.rules.subjects import Subjects, Told
from shared.outside import Push, Pushed
from shared.reaction import ReactionCall
from shared.store import Transaction


def hand_over(
    call: ReactionCall,
    push: Push,
    subjects: Subjects,
    notification_id: str,
    *,
    user_id: str | None = None,
    due: PushDue | None = None,
) -> None:
    """
    Push a notice to everybody it is for, or to one person whose promise came due.

    A device that has it already is left out, so doing this again tells nobody twice. A person whose push
    must wait gets a promise of their own.
    """
    with call.transaction() as txn:
        notification = txn.get(Notification, notification_id)
        loosely = txn.loosely("a device that comes later shows what it missed")
        found = loosely.all(Destination, audience=notification.audience)
        chosen = [one for one in found if user_id in {None, one.user_id}]
        work = _Work(call, push, subjects, txn, notification, chosen)
        for user, own in groupby(sorted(chosen, key=lambda one: one.user_id), _user):
            if not work.over:
                work.person(user, list(own), due)
        work.keep()


def _user(destination: Destination) -> str:
    return destination.user_id


class _Work:
    """One notice on its way: everything is read and pushed first, and kept at the end."""

    def __init__(
        self,
        call: ReactionCall,
        push: Push,
        subjects: Subjects,
        txn: Transaction,
        notification: Notification,
        destinations: Iterable[Destination],
    ) -> None:
        self.call, self.push, self.subjects, self.txn = call, push, subjects, txn
        self.notification: Notification = notification
        self.shown: Notification = notification
        ids = [one.device_id for one in destinations]
        self.devices = {id: txn.get(Device, id) for id in ids}
        self.logs = {id: txn.get_or_none(PushLog, f"{notification.id}:{id}") for id in ids}
        self.details: dict[str, str] = {}
        self.over = self._put_into_words(ids)
        audience = (notification.audience,)
        record = shown.Record(txn, subjects)
        self.unread = record.unread(audience, call.now) if ids else 0
        self.days: list[PushDay] = []
        self.promises: list[tuple[PushDue, datetime]] = []
        self.results: list[PushLog] = []
        self.planned = bool(ids)

    def person(self, user_id: str, own: list[Destination], due: PushDue | None) -> None:
        """Push to one person's devices, or plan to."""
        now, timezone = self.call.now, own[0].timezone
        day_id = pushing.today(user_id, timezone, now)
        day = self.txn.get_or_none(PushDay, day_id)
        wishes = self.txn.get_or_none(NotificationPreferences, user_id)
        plan = pushing.plan(self.notification, wishes, day, timezone=timezone, due=due, at=now)
        if plan.at is not None:
            self.promises.append((PushDue(user_id=user_id, digest=plan.digest), plan.at))
        if plan.act not in {"push", "digest"}:
            return
        digest = plan.act == "digest"
        done = [self._one(destination, digest=digest) for destination in own]
        if "sent" in done:
            self.days.append(pushing.counted(day, day_id, self.notification, digest=digest))
        attempt = due.attempt + 1 if due else 1
        if "waiting" in done and attempt <= pushing.GIVE_UP_AFTER:
            again = PushDue(user_id=user_id, attempt=attempt, digest=digest)
            self.promises.append((again, now + pushing.LATER))

    def _one(self, destination: Destination, *, digest: bool) -> str:
        """Push to one device, and return what became of it."""
        before = self.logs[destination.device_id]
        if before is not None and before.status != "waiting":
            return "known"
        try:
            pushed = self.push.send(self._message(destination, digest=digest))
        except ProviderDown:
            pushed = None
        self.results.append(self._log(destination, pushed))
        return self.results[-1].status

    def _message(self, destination: Destination, *, digest: bool) -> dict[str, Any]:
        now = self.call.now
        if digest:
            return messages.digest_message(self.shown, destination, unread=self.unread, at=now)
        return messages.message(self.shown, destination, self.details, unread=self.unread, at=now)

    def _log(self, destination: Destination, pushed: Pushed | None) -> PushLog:
        return PushLog(
            id=f"{self.notification.id}:{destination.device_id}",
            notification_id=self.notification.id,
            device_id=destination.device_id,
            user_id=destination.user_id,
            type=self.notification.kind,
            queued_at=self.notification.created_at,
            sent_at=self.call.now if pushed and pushed.outcome == "sent" else None,
            provider_message_id=pushed.provider_id if pushed else "",
            status=pushed.outcome if pushed else "waiting",
        )

    def keep(self) -> None:
        """Write down what became of the notice, on its own stream and on those of dead devices."""
        for record in (*self.days, *self.results):
            self.txn.save(record)
        for result in self.results:
            if result.status == "unregistered":
                self._revoke(self.devices[result.device_id])
        notification, told = self.notification, self._told()
        if told is not None:
            notification = self.txn.save(notification, told)
        for promise, at in self.promises:
            self.txn.schedule(promise, at=at, about=notification)

    def _told(self) -> NotificationSent | NotificationFailed | None:
        kind, states = self.notification.kind, {result.status for result in self.results}
        if "sent" in states:
            return NotificationSent(kind=kind, channel="push")
        if "waiting" in states:
            return NotificationFailed(kind=kind, channel="push", reason="provider_down")
        if "refused" in states:
            return NotificationFailed(kind=kind, channel="push", reason="refused")
        nobody = not self.planned or "unregistered" in states
        if nobody and self.notification.priority in pushing.URGENT:
            return NotificationFailed(kind=kind, channel="push", reason="no_device")
        return None

    def _revoke(self, device: Device) -> None:
        for destination in devices.destinations(device):
            self.txn.delete(destination)
        event = DeviceRevoked(user_id=device.user_id, reason="unregistered")
        self.txn.save(devices.revoked(device), event)

    def _put_into_words(self, ids: list[str]) -> bool:
        """Read what the notice is about, put it into words that hold, and say whether it is over."""
        if not ids:
            return False
        told = self._about(self.notification.subject)
        if told is not None:
            other = self._about(told.concerns) if told.concerns else None
            self.details = told.details | (other.details if other else {})
        self.shown = claims.seen(self.notification, told, self.call.now)
        return self.shown.over

    def _about(self, reference: str) -> Told | None:
        """Read what a notice is about, in the tenant that it is of."""
        _, _, id = reference.partition("/")
        owner = tenant_in(id)
        if owner == self.txn.tenant:
            return shown.about(self.txn, self.subjects, reference)
        with self.call.within(
            owner, "the platform's people are told of what is a customer's"
        ) as txn:
            return shown.about(txn, self.subjects, reference)
