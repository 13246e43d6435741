"""Ask people before an act that the rules let be done with an approval only, and use up what they granted with the act."""

from shared.approvals.actions import answerable, noes, repeats, workload
from shared.approvals.events.use import ApprovalConsumed
from shared.approvals.models.approvals import Approval
from shared.approvals.models.questions import ApprovalRequest
from shared.approvals.rules import acting, acts, requests
from shared.deciding import Decision, Question
from shared.evidence import ApprovalRef
from shared.operation import Call
from shared.store import Transaction


def ask(call: Call, txn: Transaction, act: Question, request: ApprovalRequest) -> Approval:
    """
    Put the question of somebody's act, and return it; where they asked the same before, that, until it is over.

    No precedent answers it: a person does.

    Raises:
        AlreadyDecided: Somebody said no to it.
        Invalid: Nobody could answer it.
    """
    name = acting.known_as(act)
    before = repeats.known(txn, name)
    if before is not None and acting.is_for(before, act):
        if before.refused:
            raise noes.refusal(before)
        if before.waits and call.now < before.expires_at and acting.as_asked(before, request):
            return before
    new = requests.ask(request, id=call.new_id(), tenant=call.tenant, by=call.actor, at=call.now)
    answerable.check(call, txn, new)
    desk = workload.desk(txn, new.governor_scope)
    around = noes.around(txn, acts.act(new))
    repeats.succeeded(txn, new, around)
    new, beside = noes.noted(around, new)
    new = workload.guarded(txn, new)
    noes.note(txn, beside, new)
    txn.save(desk)
    repeats.ask(txn, new, at=call.now, known_as=name)
    return new


def look(txn: Transaction, act: Question, decision: Decision) -> Approval:
    """
    Return the approval that is presented, as the act would use it up.

    Raises:
        Refusal: It is not granted, or not for this.
    """
    found = txn.get_or_none(Approval, str(act.approval_id))
    after = acting.used(found, act, decision, at=act.now)
    if found is not None and decision.approval is not None:
        raise acting.too_weak(found, decision.approval)
    return after


def use(txn: Transaction, act: Question, decision: Decision) -> None:
    """
    Use up the approval that is presented, in the transaction of the act, and have its entries name it.

    It is kept with the first thing that the act keeps: an act that changes nothing uses nothing up.

    Raises:
        Refusal: It is not granted, or not for this; nothing is used up.
    """
    after = look(txn, act, decision)
    txn.under(ApprovalRef(approval_id=after.id, action_digest=after.action_digest))
    txn.alongside(after, ApprovalConsumed.of(after))
