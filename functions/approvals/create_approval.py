from shared.actors import Scope
from shared.agents.actions import recorded
from shared.agents.actions.makers import makers
from shared.answers import Created
from shared.approvals.actions import answerable, noes, repeats, workload
from shared.approvals.events.lifecycle import ApprovalRequested, decided
from shared.approvals.events.questions import ApprovalJoined, ApprovalSuperseded
from shared.approvals.models.approvals import Approval
from shared.approvals.models.questions import ApprovalRequest
from shared.approvals.rules import acts, requests
from shared.operation import Call, operation
from shared.ports import Deployment
from shared.precedents.actions.reading import precedent
from shared.precedents.rules import matching
from shared.store import Transaction
from shared.waiting import Wait, together, wait


@operation("POST", "/v1/approvals", scopes={Scope.APPROVALS_REQUEST}, in_freeze=True)
def create_approval(
    call: Call, request: ApprovalRequest, deployment: Deployment
) -> Created[Approval] | Approval:
    """
    Put a question to a Governor, unless a precedent of theirs answers it.

    Where the same is being asked already, that question is the answer: one id, one card, one decision for
    everybody who asked. After a no the same act is refused in whatever spelling, unless it brings new evidence,
    or the no was withdrawn. A question that nobody could answer is refused, and so is one for somebody who does
    not exist. What lets an agent go live or come back is asked as the answer that sent you here says, to the letter.

    The callback of a workflow that waits is kept apart: nobody who may read the question learns how to wake it.
    """
    manifest = recorded.check(call, request)
    with call.transaction() as txn:
        by = makers(call, request.agent_id, request.subject.get("agent_id"), known=manifest)
        new = requests.ask(
            request, id=call.new_id(), tenant=call.tenant, by=call.actor, at=call.now, makers=by
        )
        callback = request.callback_url
        same = repeats.still_open(txn, new)
        asked = (same or new).id
        waiting = wait(asked, callback, callbacks=deployment.callbacks) if callback else None
        known = txn.get_or_none(Wait, same.id) if same and waiting else None
        approval = _joined(call, txn, same, new) if same else _asked(call, txn, new)
        if waiting is not None:
            txn.save(together(known, waiting))
    return approval if same else Created(f"/v1/approvals/{approval.id}", approval)


def _joined(call: Call, txn: Transaction, same: Approval, new: Approval) -> Approval:
    after = repeats.joined(same, new)
    if after is same:
        return same
    answerable.check(call, txn, new, joins=True)
    return txn.save(after, ApprovalJoined(asked_by=new.requested_by))


def _asked(call: Call, txn: Transaction, new: Approval) -> Approval:
    answerable.check(call, txn, new)
    # Read before all that is looked for, so that of two who ask at once the second sees the first.
    desk = workload.desk(txn, new.governor_scope)
    around = noes.around(txn, acts.act(new))
    before = repeats.succeeded(txn, new, around)
    new, beside = noes.noted(around, new)
    seed = precedent(call, txn, new)
    if seed is None:
        new = workload.guarded(txn, new)
    if before is not None:
        txn.save(before, ApprovalSuperseded.of(before))
    noes.note(txn, beside, new)
    if seed is None:
        txn.save(desk)
        approval = txn.create(new, ApprovalRequested.of(new))
    else:
        new = matching.decide(new, seed, at=call.now)
        approval = txn.create(new, decided(new), because=matching.because(seed))
    repeats.follow(txn, approval, at=call.now)
    return approval
