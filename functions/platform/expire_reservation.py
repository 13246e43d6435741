from shared import reservations
from shared.reaction import ReactionCall, reaction
from shared.shares import ReservationDeadline


@reaction(due=ReservationDeadline)
def expire_reservation(call: ReactionCall, event: ReservationDeadline) -> None:
    """Give back what a reservation still holds: whoever made it has ended, or forgotten it."""
    with call.transaction() as txn:
        reservations.expire(txn, event.reservation, at=call.now)
