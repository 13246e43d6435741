from shared.budgets.actions import losing
from shared.budgets.events.unknown import OutcomeLost
from shared.reaction import ReactionCall, reaction


@reaction(on=OutcomeLost)
def notify_unknown(call: ReactionCall, event: OutcomeLost) -> None:
    """Tell whoever owns it that an answer was lost and has to be found out."""
    del event
    with call.transaction() as txn:
        losing.tell_owner(txn, call.subject_id, tenant=call.tenant, at=call.now)
