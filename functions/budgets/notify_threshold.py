from shared.budgets.events.budgets import ThresholdCrossed
from shared.budgets.rules.notices import notices
from shared.notifications.actions.telling import tell
from shared.reaction import ReactionCall, reaction


@reaction(on=ThresholdCrossed)
def notify_threshold(call: ReactionCall, event: ThresholdCrossed) -> None:
    """Tell whoever owns a budget, and of the platform's whoever decides, how far it is used and what that means."""
    with call.transaction() as txn:
        tell(txn, *notices(event, scope=call.subject_id, tenant=call.tenant, at=call.now))
