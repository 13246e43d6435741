"""
The same question again (rulings 54 and 82).

While one is open it is one question, whoever asks: one id, one card. After a no the same act is refused, in
whatever spelling, until whoever said no withdraws it, or evidence comes that was not there.
"""

from collections.abc import Iterable
from datetime import datetime

from shared.actors import Actor
from shared.approvals.actions import noes
from shared.approvals.actions.timers import schedule_next
from shared.approvals.events.lifecycle import ApprovalRequested
from shared.approvals.models.approvals import Approval
from shared.approvals.models.parts import Unsaid
from shared.approvals.models.questions import ApprovalRequest
from shared.approvals.models.records import Asking
from shared.approvals.rules import acts, binding, chains
from shared.approvals.rules.transitions import changed
from shared.entity import Because
from shared.errors import Conflict, Forbidden, Invalid
from shared.impartial import impartial
from shared.store import Transaction


def ask(
    txn: Transaction,
    new: Approval,
    *,
    at: datetime,
    known_as: str | None = None,
    because: Because | None = None,
) -> None:
    """Put a question of the platform's own, which no precedent answers."""
    asked = txn.create(new, ApprovalRequested.of(new), because=because)
    follow(txn, asked, at=at, known_as=known_as)


def follow(txn: Transaction, asked: Approval, *, at: datetime, known_as: str | None = None) -> None:
    """Note that a question is asked, so that the same finds it, and make its first promise."""
    name = known_as or binding.identity(asked, asked.steps)
    txn.save(Asking(id=name, approval_id=asked.id))
    schedule_next(txn, asked, at=at)


def latest(txn: Transaction, question: ApprovalRequest) -> Approval | None:
    """Return the approval that asked a question last."""
    return known(txn, binding.identity(question, chains.steps(question, chains.chain(question))))


def still_open(txn: Transaction, new: Approval) -> Approval | None:
    """
    Return the approval that asks the same and waits for its answer.

    The same act under another class, of another risk, shown in other words or put to others is another question.
    """
    same = known(txn, binding.identity(new, new.steps))
    return same if same and same.open and new.requested_at < same.expires_at else None


def known(txn: Transaction, name: str) -> Approval | None:
    """Return the approval that asked last what goes by a name."""
    found = txn.get_or_none(Asking, name)
    return txn.get_or_none(Approval, found.approval_id) if found else None


def joined(before: Approval, new: Approval) -> Approval:
    """
    Return the approval that asks the same, with whoever asks now; for who asked before, as it is.

    It never changes who decides.

    Raises:
        Conflict: It concerns somebody who may decide what others asked before.
    """
    if new.parties - before.parties - {new.asked_through}:
        raise Conflict(
            "others ask the same, and it does not concern the same people: wait for their answer",
            rule="asked_by_others",
            approval_id=before.id,
        )
    if new.requested_by in before.askers:
        return before
    return before.model_copy(update={"also_asked_by": (*before.also_asked_by, new.requested_by)})


def succeeded(txn: Transaction, new: Approval, around: Iterable[Approval]) -> Approval | None:
    """
    Return the approval that was sent back and whose successor a new question is, with that said.

    Raises:
        AlreadyDecided: A no stands against the act, and nothing is shown that was not there.
        Conflict: What it is to succeed was not sent back, or has a successor.
        Invalid: It is something else, or somebody else's.
    """
    before = txn.get(Approval, new.supersedes) if new.supersedes else None
    if before is not None:
        _may_succeed(before, new)
    act = acts.act(new)
    for refused in noes.against(around, act):
        same = refused.action_digest == new.action_digest
        if before is not None and refused.id == before.id and not same:
            continue
        if acts.act(refused).refuses(act) and not noes.brings_more(new, refused):
            raise noes.refusal(refused)
    return changed(before, refused=False, superseded_by=new.id) if before else None


def withdrawn(before: Approval, *, by: Actor, at: datetime, reason: str) -> Approval:
    """
    Return the approval with its no withdrawn: it stays as it was decided, and the act may be asked again.

    Raises:
        Forbidden: Somebody else said it.
        Conflict: No no stands.
    """
    said = before.no
    if said is not None and by.id != said.approver_id:
        raise Forbidden(
            f"only {said.approver_id}, who said no, withdraws it", rule="not_who_said_no"
        )
    impartial(by, *before.parties, approval_id=before.id)
    if before.refusal_withdrawn is not None:
        return before
    if not before.refused:
        raise Conflict(
            "nobody's no stands against this; there is nothing to withdraw", rule="no_refusal"
        )
    return changed(before, refused=False, refusal_withdrawn=Unsaid(by=by.id, reason=reason, at=at))


def _may_succeed(before: Approval, new: Approval) -> None:
    if acts.act(before).kind != acts.act(new).kind or before.governor_scope != new.governor_scope:
        raise Invalid(
            "a successor is about the same approval_class; leave out supersedes to ask something else",
            rule="supersedes",
        )
    if new.requested_by not in before.askers:
        raise Invalid(
            "a successor comes from whoever asked before; leave out supersedes", rule="supersedes"
        )
    if before.superseded_by is not None:
        raise Conflict(
            "it has a successor already; supersede that one",
            rule="superseded",
            approval_id=before.superseded_by,
        )
    if before.status != "changes_requested":
        raise Conflict(
            "only what was sent back with changes has a successor; leave out supersedes",
            rule="supersedes",
        )
