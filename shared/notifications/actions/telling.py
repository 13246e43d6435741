"""Notices, as they are put into inboxes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shared.actors import PLATFORM, tenant_in
from shared.notifications.models import Notification
from shared.notifications.rules.notices import over
from shared.reaction import ReactionCall
from shared.store import Transaction

if TYPE_CHECKING:
    from shared.notifications.rules.subjects import Told

WHY = "the platform's people look in their own inbox, whomever they are told of"


def tell(txn: Transaction, *notices: Notification) -> None:
    """Put notices into the inbox, unless they are there; before anything else is written."""
    from shared.notifications.events import NotificationSent

    for new in [one for one in notices if txn.get_or_none(Notification, one.id) is None]:
        txn.create(new, NotificationSent(kind=new.kind, channel="inbox"))


def tell_each(call: ReactionCall, txn: Transaction, *notices: Notification) -> None:
    """Put notices of a tenant into the inboxes of its people and of the platform's."""
    tell(txn, *(one for one in notices if one.tenant_id == txn.tenant))
    if others := [one for one in notices if one.tenant_id != txn.tenant]:
        with call.within(PLATFORM, WHY) as platform:
            tell(platform, *others)


def known(call: ReactionCall, txn: Transaction, id: str) -> Notification | None:
    """Return a notice of a tenant's, in whosever inbox it is; None where there is none."""
    if tenant_in(id) == txn.tenant:
        return txn.get_or_none(Notification, id)
    with call.platform(WHY) as platform:
        return platform.get_or_none(Notification, id)


def tell_over(call: ReactionCall, told: "Told", ids: Sequence[str]) -> None:
    """Have notices in the platform's inbox, by their ids, say what became of a tenant's: where they are read, it is not."""
    from shared.notifications.events import NotificationOver
    from shared.notifications.rules.claims import claim

    with call.within(PLATFORM, WHY) as platform:
        for one in platform.get_all(Notification, ids).values():
            if not one.over and not told.so(claim(one), call.now):
                platform.save(over(one, told.became), NotificationOver(kind=one.kind))
