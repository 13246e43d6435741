from shared import reservations
from shared.budgets.events.budgets import ReservationExpired
from shared.budgets.models.budgets import Budget
from shared.reaction import ReactionCall, reaction
from shared.shares import Reservation, ReservationDeadline


@reaction(due=ReservationDeadline)
def expire_reservation(call: ReactionCall, event: ReservationDeadline) -> None:
    """
    Give back what a reservation still holds: whoever made it has ended, or forgotten it.

    Of what was held of budgets it is told that it went back by itself.
    """
    with call.transaction() as txn:
        held = txn.get_or_none(Reservation, event.reservation)
        of_budgets = call.subject.startswith("budgets/")
        budget = txn.get_or_none(Budget, call.subject_id) if of_budgets else None
        reservations.expire(txn, event.reservation, at=call.now)
        over = (
            held is not None and (held.holds or held.status == "expired") and held.until <= call.now
        )
        if held is None or budget is None or not over:
            return
        money = [one.amount for one in held.held if one.limit.startswith(f"{budget.id}.micro")]
        txn.save(budget, ReservationExpired(reservation_id=held.id, amount=sum(money)))
