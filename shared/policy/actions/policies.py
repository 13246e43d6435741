"""Policies as they are asked for, put in force and retired, and asked about what is done."""

from shared.actors import PLATFORM, Role
from shared.approvals.events.use import ApprovalConsumed
from shared.approvals.models.approvals import Approval, ApprovalStatus
from shared.approvals.rules import binding
from shared.budgets.actions import asking as questions
from shared.errors import Conflict
from shared.evidence import ApprovalRef
from shared.notifications.actions.telling import tell
from shared.operation import Call
from shared.policy.actions import recorded
from shared.policy.actions.policies_in_force import in_force
from shared.policy.events.policies import (
    PoliciesChanged,
    PolicyActivated,
    PolicyChangeAsked,
    PolicyDropped,
    PolicyRetired,
)
from shared.policy.models.policies import Change, Policy, PolicyAsking
from shared.policy.models.whatif import WhatIf
from shared.policy.rules import notices, whatif
from shared.policy.rules import policies as rules
from shared.policy.rules.language.evaluation import Evaluator
from shared.policy.rules.language.stored import Kept, ready
from shared.store import Transaction

SAMPLE = 500
"""On how many recorded decisions it is judged whether a change makes something looser."""

WHY = "what was decided stays so, and what is decided beside this is one sample more"


def evaluator(policy: Policy) -> Evaluator:
    """Return a policy, ready to be asked."""
    return ready(Kept(policy.policy_hash, policy.ast))


def what_if(txn: Transaction, policy: Policy, change: Change, limit: int) -> WhatIf:
    """Say what recorded decisions would have been, had a change been made before them."""
    decisions, more = recorded.latest(txn.loosely(WHY), limit)
    before = _active(txn, policy.name)
    draft = evaluator(policy) if change == "activate" else None
    replaced = evaluator(before) if before else None
    return whatif.tried(draft, replaced, decisions, more=more)


def settled(txn: Transaction, policy: Policy) -> Policy:
    """Return a policy that waits for nothing any more where its approval was refused, or is over."""
    if policy.asking is None:
        return policy
    approval = txn.get_or_none(Approval, policy.asking.approval_id)
    waits = approval is not None and approval.waits
    return policy if waits else policy.model_copy(update={"asking": None})


def kept(txn: Transaction) -> int:
    """Return how many versions a tenant has that are drafts or in force."""
    return txn.count(Policy, status="draft") + txn.count(Policy, status="active")


def withdraw(txn: Transaction, call: Call, policy: Policy) -> Policy:
    """
    Take a draft back, which nobody need agree to.

    Raises:
        Conflict: It waits for an answer.
    """
    after = rules.withdrawn(settled(txn, policy), at=call.now)
    return txn.save(after, PolicyRetired.of(after))


def ask(txn: Transaction, call: Call, policy: Policy, change: Change) -> Policy:
    """
    Ask the Governor for a change of a policy: the platform's, where it is looser or nobody else here could decide.

    Who wrote it, or the version whose place it takes, asks for it as much as whoever asks (ruling 55).

    Raises:
        Conflict: It could not be done.
    """
    policy = settled(txn, policy)
    rules.may_ask(policy, change, _beside(txn, policy) if change == "activate" else ())
    looser = change == "retire" or what_if(txn, policy, change, SAMPLE).looser
    replaced = _active(txn, policy.name)
    makers = policy.authors | (replaced.authors if replaced else frozenset())
    # The account's one Governor agrees to what others ask and wrote, and nobody to what is their own.
    others = Role.CUSTOMER_ADMIN not in call.actor.roles and makers <= {call.actor.id}
    asking = PolicyAsking(
        change=change,
        approval_id=call.new_id(),
        asked_by=call.actor.id,
        looser=looser,
        governor_scope="engagement"
        if others and not looser and call.tenant != PLATFORM
        else "platform",
    )
    request = rules.question(policy, asking)
    put = questions.prepare(txn, call, request, id=asking.approval_id, makers=makers)
    asking = asking.model_copy(update={"approval_id": put.approval.id})
    questions.put(txn, call, put)
    told = PolicyChangeAsked(
        change=change,
        asked_by=call.actor.id,
        approval_id=asking.approval_id,
        looser=asking.looser,
    )
    return txn.save(rules.asked(policy, asking, at=call.now), told)


def carry_out(txn: Transaction, call: Call, approval: Approval) -> None:
    """
    Do with a policy what an approval says, using it up; where the policy asks no longer, nothing.

    Whether there is room for it is judged here anew, by what is in force, which everything that comes into force writes:
    of several that were agreed to at once, what does not fit stays a draft, and whoever asked is told.
    """
    if approval.status is not ApprovalStatus.APPROVED:
        return
    policy = txn.get_or_none(Policy, str(approval.subject.get("policy", "")))
    asking = policy.asking if policy else None
    if policy is None or asking is None or asking.approval_id != approval.id:
        return
    before, known = _active(txn, policy.name), in_force(txn)
    if asking.change == "activate":
        try:
            rules.fits(policy, _beside(txn, policy))
        except Conflict as full:
            tell(txn, *notices.dropped(policy, asking, full.detail, at=call.now))
            after = rules.dropped(policy, at=call.now)
            txn.save(after, PolicyDropped.of(after))
            return
    question = rules.question(policy, asking)
    used = binding.consume(
        approval, by=rules.carried_by(policy, asking), question=question, at=call.now
    )
    under = ApprovalRef(approval_id=used.id, action_digest=used.action_digest)
    txn.save(used, ApprovalConsumed.of(used))
    changed = []
    if asking.change == "activate":
        after = rules.activated(policy, at=call.now)
        changed.append(txn.save(after, PolicyActivated.of(after), approval=under))
        if before is not None:
            gone = rules.retired(before, at=call.now)
            changed.append(txn.save(gone, PolicyRetired.of(gone), approval=under))
    else:
        after = rules.retired(policy, at=call.now)
        changed.append(txn.save(after, PolicyRetired.of(after), approval=under))
    now = rules.in_force(known, changed, tenant=call.tenant, at=call.now)
    told = PoliciesChanged(active=tuple(one.policy_hash for one in now.active))
    if known is None:
        txn.create(now, told, approval=under)
    else:
        txn.save(now, told, approval=under)


def _beside(txn: Transaction, policy: Policy) -> tuple[Policy, ...]:
    """Return the policies in force of other names."""
    known = in_force(txn)
    others = [one.policy_id for one in known.active if one.name != policy.name] if known else []
    return tuple(txn.get_all(Policy, others).values())


def _active(txn: Transaction, name: str) -> Policy | None:
    known = in_force(txn)
    found = next((one for one in known.active if one.name == name), None) if known else None
    return txn.get(Policy, found.policy_id) if found else None
