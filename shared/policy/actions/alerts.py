"""What policies of tenants have somebody told, as it is kept."""

from datetime import datetime

from shared.deciding import Decision
from shared.policy.models.alerts import PolicyAlert
from shared.policy.rules import alerts as rules
from shared.store import Transaction


def fresh(txn: Transaction, decision: Decision, at: datetime) -> list[PolicyAlert]:
    """Return what of a decision nobody was told yet in this hour, or on this day."""
    new = {one.id: one for one in rules.alerts(decision, tenant=str(txn.tenant), at=at)}
    known = txn.get_all(PolicyAlert, new) if new else {}
    return [one for id, one in new.items() if id not in known]
