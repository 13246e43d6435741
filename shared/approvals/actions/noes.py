"""
What a no stands against (rulings 54, 76 and 82): what is asked again, what is open beside it, and what a rule granted.

It is looked for by the act, whatever class it is asked as (`acts.py`), and stands until whoever said it withdraws it.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from shared.approvals.events.lifecycle import ApprovalCancelled
from shared.approvals.events.questions import ApprovalBeside, RefusalCarriedFurther
from shared.approvals.events.vetoes import ApprovalVetoed, VetoRecorded
from shared.approvals.models.approvals import OPEN, Approval, ApprovalStatus
from shared.approvals.models.parts import Decision
from shared.approvals.rules import acts, decisions
from shared.approvals.rules.transitions import settled
from shared.entity import written
from shared.errors import AlreadyDecided
from shared.operation import Call
from shared.queries import OneOf, Test
from shared.store import Transaction

LATER = "a no that is said meanwhile came after the question, and reaches it by itself"
_NOES = (ApprovalStatus.REJECTED, ApprovalStatus.CHANGES_REQUESTED, ApprovalStatus.VETOED)
AT_ONCE = 50
"""How many approvals one commit closes or vetoes, each by four writes at most."""


def around(txn: Transaction, act: acts.Act) -> tuple[Approval, ...]:
    """Return what waits for an answer, or was left with a no, where a no could reach from there to an act."""
    found = {one.id: one for one in _near(txn, act, status=OneOf((*OPEN, *_NOES)))}
    return tuple(found.values())


def against(around: Iterable[Approval], act: acts.Act) -> Iterator[Approval]:
    """Yield the questions to which a no was said that stands against an act."""
    yield from (one for one in around if one.refused and acts.act(one).covers(act))


def open_beside(around: Iterable[Approval], act: acts.Act, *, at: datetime) -> Iterator[Approval]:
    """Yield the questions that wait for an answer to the same act, in whatever words."""
    for one in around:
        if one.open and at < one.expires_at and acts.act(one).same(act):
            yield one


def noted(around: Iterable[Approval], new: Approval) -> tuple[Approval, tuple[Approval, ...]]:
    """Return a new question and those open that ask for the same act, each of which says that it has others beside it."""
    found = tuple(open_beside(around, acts.act(new), at=new.requested_at))
    known = tuple(one.model_copy(update={"beside": True}) for one in found if not one.beside)
    return (new.model_copy(update={"beside": True}) if found else new), known


def note(txn: Transaction, beside: tuple[Approval, ...], new: Approval) -> None:
    """Keep that a question has another beside it."""
    for one in beside:
        txn.save(one, ApprovalBeside(asked_as=new.id))


def unopposed(txn: Transaction, before: Approval) -> None:
    """
    Make sure that no no stands against what is agreed to, and that none is said to the same at the same moment.

    Raises:
        AlreadyDecided: Somebody said no to the same act in other words.
    """
    if not before.beside:
        return
    act = acts.act(before)
    found = around(txn, act)
    for one in against(found, act):
        if one.id != before.id and acts.act(one).same(act) and not brings_more(before, one):
            raise refusal(one)
    for one in found:
        if one.open and one.id != before.id and acts.act(one).same(act):
            txn.hold(one)


def brings_more(new: Approval, refused: Approval) -> bool:
    """Say whether evidence is shown that was not, by its content: a new name for the old is none."""
    shown = {one.sha256 for one in refused.evidence_refs}
    return any(one.sha256 not in shown for one in new.evidence_refs)


def refusal(refused: Approval) -> AlreadyDecided:
    """Say by which no an act is stopped, who can withdraw it, and how."""
    said = refused.no or refused.last
    return AlreadyDecided(
        f"{said.approver_id} said no to this act at {written(said.at)}, in the approval {refused.id}; whatever"
        " class, member or spelling it is asked with, ask again with evidence that was not there, or after"
        f" {said.approver_id} has withdrawn the no (POST /v1/approvals/{refused.id}/withdraw-refusal)",
        rule="refused_before",
        approval_id=refused.id,
        decided=said.verb,
        decided_by=said.approver_id,
        decided_at=written(said.at),
    )


def carry(call: Call, txn: Transaction, refused: Approval) -> None:
    """
    Carry a no to what is open beside it, which is closed, and to what a rule granted of the same act, which is vetoed.

    What has begun already stays to be vetoed by itself, and what brings evidence that was not there stays open.
    """
    said = refused.no
    if said is None or not refused.refused:
        return
    found = _reached(call, txn, refused, said)
    for one in found[:AT_ONCE]:
        if one.open:
            _close(call, txn, one, refused, said)
        else:
            _veto(call, txn, one, refused, said)
    if len(found) > AT_ONCE:
        txn.schedule(RefusalCarriedFurther(), at=call.now, about=refused)


def _reached(call: Call, txn: Transaction, refused: Approval, said: Decision) -> list[Approval]:
    act = acts.act(refused)
    waiting = _near(txn, act, status=OneOf(OPEN))
    granted = _near(txn, act, status=ApprovalStatus.APPROVED, decided_via="precedent_seed")
    vetoable = (one for one in granted if one.veto_until and call.now < one.veto_until)
    found = {
        one.id: one
        for one in (*waiting, *vetoable)
        if one.id != refused.id
        and acts.act(one).same(act)
        and not (one.open and brings_more(one, refused))
        and said.approver_id not in one.parties
    }
    return list(found.values())


def _close(call: Call, txn: Transaction, one: Approval, refused: Approval, said: Decision) -> None:
    why = f"{said.approver_id} said no to the same act in the approval {refused.id}"
    after = decisions.withdraw(one, by=call.actor, at=call.now, reason=why)
    after = after.model_copy(update={"refused_with": refused.id})
    txn.save(after, ApprovalCancelled.of(after))


def _veto(call: Call, txn: Transaction, one: Approval, refused: Approval, said: Decision) -> None:
    words = said.reason or "; ".join(said.changes) or "No."
    objection = said.model_copy(
        update={
            "step_no": one.current_step,
            "verb": "veto",
            "reason": f"{words} (said to the same act in the approval {refused.id})",
            "changes": (),
            "category": said.category or "constitutional",
            "decision_version": one.decision_version + 1,
            "seat": str(one.governor),
        }
    )
    after = settled(
        one,
        objection,
        ApprovalStatus.VETOED,
        vetoed_at=call.now,
        refused=False,
        refused_with=refused.id,
    )
    because = decisions.because(after)
    after = txn.save(after, ApprovalVetoed.of(after), because=because)
    veto = decisions.record_veto(one, after, id=call.new_id())
    txn.create(veto, VetoRecorded.of(veto), because=because)


def _near(txn: Transaction, act: acts.Act, **tests: Test) -> Iterator[Approval]:
    """Yield what a no to an act may reach, or what may reach it."""
    loosely = txn.loosely(LATER)
    for place in act.near():
        asked: Mapping[str, Any] = {**place, **tests}
        cursor = None
        while True:
            page = loosely.find(Approval, cursor=cursor, **asked)
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                break
