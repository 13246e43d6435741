"""Policies as they are asked for, put in force and retired, and asked about what is done."""

from collections.abc import Callable
from datetime import datetime

from shared.actors import PLATFORM, Role
from shared.approvals.events.use import ApprovalConsumed
from shared.approvals.models.approvals import Approval, ApprovalStatus
from shared.approvals.rules import binding
from shared.budgets.actions import asking as questions
from shared.deciding import Decision
from shared.evidence import ApprovalRef, Entry
from shared.identity.events import PolicyDenied
from shared.judged import STORED
from shared.operation import Call
from shared.policy.actions.policies_in_force import in_force
from shared.policy.events.policies import (
    PoliciesChanged,
    PolicyActivated,
    PolicyChangeAsked,
    PolicyRetired,
)
from shared.policy.models.policies import Change, Policy, PolicyAsking
from shared.policy.models.whatif import WhatIf
from shared.policy.rules import policies as rules
from shared.policy.rules import whatif
from shared.policy.rules.language.evaluation import Evaluator
from shared.policy.rules.language.stored import Kept, ready
from shared.queries import Between, Page, Reads, moment
from shared.store import Transaction

SAMPLE = 500
"""On how many recorded decisions it is judged whether a change makes something looser."""

WHY = "what was decided stays so, and what is decided beside this is one sample more"

ABOUT = "how many versions there are is bounded, and whether by one more makes no difference"

MAX_ENTRIES = 3_000
"""How many entries are looked through for decisions."""


def evaluator(policy: Policy) -> Evaluator:
    """Return a policy, ready to be asked."""
    return ready(Kept(policy.policy_hash, policy.ast))


def recorded(reads: Reads, limit: int) -> tuple[tuple[Decision, ...], bool]:
    """Return the latest decisions, as evidence has them, and whether there are more."""

    def page(cursor: str | None) -> Page[Entry]:
        return reads.find(Entry, order="-ts", cursor=cursor)

    return _decisions(page, limit)


def recorded_in(
    reads: Reads, since: datetime, to: datetime, limit: int
) -> tuple[tuple[Decision, ...], bool]:
    """Return the latest decisions of a time, and whether there are more."""
    within = Between(moment(since), moment(to))

    def page(cursor: str | None) -> Page[Entry]:
        return reads.find(Entry, order="-ts", cursor=cursor, ts=within)

    return _decisions(page, limit)


def denied(
    reads: Reads, since: datetime, to: datetime, limit: int
) -> tuple[tuple[Decision, ...], bool]:
    """Return the latest denials of a time, and whether there are more."""
    action, within = PolicyDenied.traits.action, Between(moment(since), moment(to))

    def page(cursor: str | None) -> Page[Entry]:
        return reads.find(Entry, order="-ts", cursor=cursor, action=action, ts=within)

    return _decisions(page, limit)


def _decisions(
    read: Callable[[str | None], Page[Entry]], limit: int
) -> tuple[tuple[Decision, ...], bool]:
    found: list[Decision] = []
    page, seen = read(None), 0
    while True:
        for entry in page.items:
            said = entry.policy.decision if entry.policy else None
            if said is not None and len(found) == limit:
                return tuple(found), True
            if said is not None:
                found.append(Decision.model_validate(said, context=STORED))
        seen += len(page.items)
        if page.next_cursor is None or seen >= MAX_ENTRIES:
            return tuple(found), page.next_cursor is not None
        page = read(page.next_cursor)


def what_if(txn: Transaction, policy: Policy, change: Change, limit: int) -> WhatIf:
    """Say what recorded decisions would have been, had a change been made before them."""
    decisions, more = recorded(txn.loosely(WHY), limit)
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
    drafts = txn.loosely(ABOUT).count(Policy, status="draft")
    return drafts + txn.loosely(ABOUT).count(Policy, status="active")


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
    """Do with a policy what an approval says, using it up; where the policy asks no longer, nothing."""
    if approval.status is not ApprovalStatus.APPROVED:
        return
    policy = txn.get_or_none(Policy, str(approval.subject.get("policy", "")))
    asking = policy.asking if policy else None
    if policy is None or asking is None or asking.approval_id != approval.id:
        return
    before, known = _active(txn, policy.name), in_force(txn)
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
