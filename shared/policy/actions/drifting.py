"""Differences in what policies do, as they are found and kept."""

from collections.abc import Sequence
from datetime import datetime

from shared.actors import Actor
from shared.policy.actions import recorded
from shared.policy.actions.policies_in_force import in_force
from shared.policy.events.drift import DriftAcknowledged, DriftDetected, DriftOver
from shared.policy.models.drift import DriftAlert
from shared.policy.rules import drift as rules
from shared.queries import OneOf
from shared.store import Transaction

MAX_DECISIONS = 2_000
"""On how many decisions a look goes by: the latest."""

MAX_NEW = 20
"""How many differences one look keeps: the largest."""

MAX_LASTING = 50
"""How many are shown that are there still."""

WHY = "what is decided, or found, meanwhile is looked at in an hour"


def lasting(txn: Transaction) -> Sequence[DriftAlert]:
    """Return the differences that the last look found."""
    there = OneOf(("open", "acknowledged"))
    return txn.loosely(WHY).all(DriftAlert, order="-found_at", status=there)


def acknowledge(txn: Transaction, alert_id: str, *, by: Actor, at: datetime) -> DriftAlert:
    """
    Keep that somebody looks at a difference.

    Raises:
        Conflict: It is over, or somebody else looks at it.
    """
    before = txn.get(DriftAlert, alert_id)
    after = rules.acknowledged(before, by=by, at=at)
    return before if after is before else txn.save(after, DriftAcknowledged.of(after))


def look(txn: Transaction, until: datetime, *, at: datetime) -> None:
    """Look in a tenant for differences in the hour until a time: keep what is new, and end what is over."""
    before = {one.id: one for one in lasting(txn)}
    known = in_force(txn)
    if known is None or not (known.active or before):
        return
    reads, since = txn.loosely(WHY), until - rules.BASELINE - rules.BASELINE
    decisions, _ = recorded.between(reads, since, until, MAX_DECISIONS)
    drifts = rules.drifts(decisions, until=until) if known.active else ()
    found = [
        rules.alert(one, tenant=str(txn.tenant), until=until, at=at) for one in drifts[:MAX_NEW]
    ]
    new = [one for one in found if one.id not in before]
    earlier = txn.get_all(DriftAlert, [one.id for one in new])
    for one in new:
        if one.id in earlier:
            after = rules.again(earlier[one.id], one, at=at)
            txn.save(after, DriftDetected.of(after))
        else:
            txn.create(one, DriftDetected.of(one))
    there = {one.id for one in found}
    for id, gone in before.items():
        if id not in there:
            txn.save(
                rules.over(gone, at=at),
                DriftOver(drift_type=gone.drift_type, policy=gone.policy),
            )
