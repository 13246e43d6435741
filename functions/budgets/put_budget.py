from shared.actors import Scope
from shared.answers import Accepted, CreatedHere
from shared.budgets.actions import asking, changing, looking
from shared.budgets.actions.marking import crossed
from shared.budgets.events.budgets import BudgetSet, RaiseAsked
from shared.budgets.models.budgets import Budget, BudgetSetting
from shared.budgets.rules import setting as rules
from shared.entity import BudgetScope
from shared.errors import VersionConflict
from shared.operation import Call, operation
from shared.store import Transaction


@operation("PUT", "/v1/budgets/{scope}", scopes={Scope.BUDGETS_WRITE})
def put_budget(
    call: Call, scope: BudgetScope, setting: BudgetSetting
) -> Budget | CreatedHere[Budget] | Accepted[Budget]:
    """
    Set a budget: what is less counts at once, what is more is asked first.

    ``If-Match`` names the version that was read, the empty one where nobody set it before. More than now needs a
    financial approval, which this asks for: the answer is 202 with its address, and the budget is raised when it
    is granted. Money up to 50 USD more a month, over all that is asked for a customer, their own Governor decides;
    anything above, tokens and calls, and for the platform's agents, the platform's. The platform's own budget is set by its Governor at once.
    """
    with call.transaction() as txn:
        known = txn.get_or_none(Budget, scope)
        before = known or looking.budget(txn, scope, at=call.now)
        rules.may_set(before, by=call.actor)
        rules.check(before, setting)
        if known is None and "" not in (call.if_match or ()):
            raise VersionConflict("nobody set this budget yet; send an empty If-Match to set it")
        if rules.raises(before, setting) and scope not in rules.GOVERNORS_OWN:
            return _asked(call, txn, before, setting, new=known is None)
        after = rules.lowered(before, setting)
        passed = changing.dealt(txn, before, after, at=call.now)
        told = BudgetSet(**rules.amounts(after), reason=setting.reason)
        kept = txn.save(after, told) if known else txn.create(after, told)
        kept = crossed(txn, kept, passed, at=call.now)
        return kept if known else CreatedHere(kept)


def _asked(
    call: Call, txn: Transaction, before: Budget, setting: BudgetSetting, *, new: bool
) -> Accepted[Budget]:
    left, mine = asking.left_to_own(txn, before, setting, at=call.now)
    id = call.new_id()
    raising = rules.raising(before, setting, approval_id=id, by=call.actor, left=left + mine)
    asked = asking.prepare(txn, call, rules.question(before, raising), id=id)
    if mine and asked.new:  # the question is over that took it
        raising = rules.raising(before, setting, approval_id=id, by=call.actor, left=left)
        asked = asking.prepare(txn, call, rules.question(before, raising), id=id)
    raising = raising.model_copy(update={"approval_id": asked.approval.id})
    asking.take_room(txn, call, before, raising, asked.approval)
    asking.put(txn, call, asked)
    after = before.model_copy(update={"raising": raising})
    told = RaiseAsked(
        asked_by=call.actor.id, approval_id=asked.approval.id, **rules.amounts(setting)
    )
    kept = txn.create(after, told) if new else txn.save(after, told)
    return Accepted(f"/v1/approvals/{asked.approval.id}", kept)
