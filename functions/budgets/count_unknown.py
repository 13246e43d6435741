from shared.budgets.actions import losing
from shared.budgets.events.unknown import OutcomeDue
from shared.reaction import ReactionCall, reaction


@reaction(due=OutcomeDue)
def count_unknown(call: ReactionCall, event: OutcomeDue) -> None:
    """Count as spent what nobody found out about in time: money that may be gone is not spent twice."""
    del event
    with call.transaction() as txn:
        losing.count(txn, call.subject_id, at=call.now)
