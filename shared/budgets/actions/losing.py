"""Answers that were lost: what may have been spent stays held until somebody knows, and else counts as spent."""

from datetime import datetime, timedelta

from shared import reservations
from shared.budgets.events.unknown import OutcomeDue, OutcomeLost, OutcomeSettled
from shared.budgets.models.unknown import UnknownSpend
from shared.budgets.rules.limits import governed_by
from shared.errors import Conflict
from shared.notifications.actions.telling import tell
from shared.notifications.rules.notices import governor, notice
from shared.operation import Call
from shared.shares import Reservation
from shared.store import Transaction

WITHIN = timedelta(hours=24)
"""How long somebody has to find out."""

MARGIN = timedelta(hours=1)
"""How much longer it is held than that: whatever comes late finds it."""


def lost(txn: Transaction, call: Call, id: str) -> UnknownSpend:
    """
    Say that nobody knows whether what a reservation is for was done; said again, it is the same.

    Raises:
        NotFound: There is no such reservation.
        Conflict: It has ended: then it is known.
    """
    held = txn.get(Reservation, id)
    if not held.holds:
        raise Conflict(f"this reservation is {held.status} already", rule="reservation")
    known = txn.loosely("the reservation is compared").first(
        UnknownSpend, reservation_id=id, status="open"
    )
    if known is not None:
        return known
    new = UnknownSpend(
        id=call.new_id(),
        tenant_id=call.tenant,
        created_at=call.now,
        updated_at=call.now,
        governance_agent_id=governed_by(call.tenant),
        reservation_id=id,
        owner=governor(call.tenant).value,
        due_at=call.now + WITHIN,
    )
    reservations.lose(txn, id, until=new.due_at + MARGIN, about=new)
    txn.schedule(OutcomeDue(), at=new.due_at, about=new)
    told = OutcomeLost(reservation_id=id, owner=new.owner, due_at=new.due_at)
    return txn.create(new, told)


def count(txn: Transaction, unknown_id: str, *, at: datetime) -> None:
    """Count as spent what nobody found out about in time; what was settled meanwhile is known."""
    before = txn.get(UnknownSpend, unknown_id)
    if before.status != "open":
        return
    held = txn.get_or_none(Reservation, before.reservation_id)
    counted = held is not None and held.holds
    if counted:
        reservations.settle(txn, before.reservation_id, {}, at=at)
    after = before.model_copy(update={"status": "counted" if counted else "known"})
    txn.save(after, OutcomeSettled(reservation_id=before.reservation_id, counted=counted))


def tell_owner(txn: Transaction, unknown_id: str, *, tenant: str, at: datetime) -> None:
    """Tell whoever owns it that they have to find out."""
    unknown = txn.get(UnknownSpend, unknown_id)
    tell(
        txn,
        notice(
            "budget_threshold",
            tenant=tenant,
            audience=unknown.owner,
            subject=f"unknown_spends/{unknown.id}",
            title="Was it done? An answer was lost",
            body=f"Find out what became of {unknown.reservation_id} and report what it cost (0 where it was not"
            " done); after 24 hours all of it counts as spent.",
            at=at,
        ),
    )
