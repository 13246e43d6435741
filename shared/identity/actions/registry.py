"""Principals, as they are read and kept."""

from datetime import datetime

from shared.entity import Event
from shared.identity.models import Principal
from shared.identity.rules.principals import principal
from shared.store import Transaction


def known(txn: Transaction, id: str, tenant: str, at: datetime) -> Principal:
    """Return the principal of somebody, who may have none yet."""
    return txn.get_or_none(Principal, id) or principal(id, tenant, at)


def keep(txn: Transaction, after: Principal, event: Event) -> Principal:
    """Keep a principal that was known, or that is new."""
    return txn.save(after, event) if after.audit else txn.create(after, event)
