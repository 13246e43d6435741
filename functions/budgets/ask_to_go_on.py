from shared.budgets.actions import asking
from shared.budgets.events.budgets import GoingOnAsked, ThresholdCrossed
from shared.budgets.models.budgets import Budget
from shared.budgets.rules import going_on
from shared.reaction import ReactionCall, reaction


@reaction(on=ThresholdCrossed)
def ask_to_go_on(call: ReactionCall, event: ThresholdCrossed) -> None:
    """Ask whether new work may begin, once in a window, where 85 percent of a budget are used."""
    with call.transaction() as txn:
        before = txn.get(Budget, call.subject_id)
        if not going_on.asked_for(before, event, at=call.now):
            return
        id = call.new_id()
        after = going_on.asked(before, approval_id=id, at=call.now)
        asked = asking.prepare(txn, call, going_on.question(after), id=id)
        after = going_on.asked(before, approval_id=asked.approval.id, at=call.now)
        asking.put(txn, call, asked)
        txn.save(after, GoingOnAsked(approval_id=asked.approval.id, window=event.window))
