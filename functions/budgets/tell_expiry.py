from shared import reservations
from shared.budgets.events.budgets import ReservationExpired
from shared.budgets.models.budgets import Budget
from shared.reaction import ReactionCall, reaction
from shared.shares import Reservation, ReservationDeadline


@reaction(due=ReservationDeadline)
def tell_expiry(call: ReactionCall, event: ReservationDeadline) -> None:
    """Tell that what was held of budgets went back by itself: whoever held it has ended, or forgotten it."""
    if not call.subject.startswith("budgets/"):
        return
    with call.transaction() as txn:
        held = txn.get_or_none(Reservation, event.reservation)
        budget = txn.get_or_none(Budget, call.subject_id)
        over = held is not None and held.status in {"held", "expired"} and held.until <= call.now
        if held is None or budget is None or not over:
            return
        reservations.expire(txn, held.id, at=call.now)
        money = [one.amount for one in held.held if one.limit.startswith(f"{budget.id}.micro")]
        txn.save(budget, ReservationExpired(reservation_id=held.id, amount=sum(money)))
