from shared.budgets.events.budgets import BudgetOverspent, ThresholdCrossed
from shared.budgets.rules import notices
from shared.notifications.actions.telling import tell
from shared.reaction import ReactionCall, reaction


@reaction(on=(ThresholdCrossed, BudgetOverspent))
def notify_threshold(call: ReactionCall, event: ThresholdCrossed | BudgetOverspent) -> None:
    """Tell whoever owns a budget, and of the platform's whoever decides, how far it is used and what that means."""
    with call.transaction() as txn:
        tell(txn, *notices.notices(event, scope=call.subject_id, tenant=call.tenant, at=call.now))
