"""
A veto that came too late (ruling 78): it counts once somebody other than who vetoed has confirmed it.

Where nobody else could, it counts at once, and what is asked then is whether what it took back returns.
"""

from datetime import datetime
from typing import Any

from shared.actors import Actor, Role
from shared.approvals.actions import repeats
from shared.approvals.events.use import ApprovalConsumed
from shared.approvals.events.vetoes import ApprovalVetoed, VetoRecorded
from shared.approvals.models.approvals import Approval, ApprovalStatus, Consumer
from shared.approvals.models.parts import Decision, Step, VetoCategory
from shared.approvals.models.questions import ApprovalRequest, EvidenceRef
from shared.approvals.models.records import LateVeto
from shared.approvals.models.vetoes import Veto
from shared.approvals.rules import binding, chains, checks, decisions, requests
from shared.approvals.rules.transitions import by_right, decision
from shared.approvals.rules.wording import named, quoted
from shared.canonical import digest
from shared.entity import written
from shared.errors import AlreadyDecided, IntegrityHold
from shared.operation import Call
from shared.records import dataclass
from shared.store import Transaction

VERB = "agent.rollback"
NOBODY = "Nobody is left who could confirm it, so the veto counts by itself."


@dataclass(frozen=True)
class Counted:
    """A veto that counts, and the approval as it is with it."""

    approval: Approval
    veto: Veto

    def keep(self, txn: Transaction, question: Approval, *, at: datetime) -> Approval:
        """Keep both in the commit of the yes, and return the question, used up by them."""
        step = Consumer(run_id=self.veto.id, step_id="roll-back")
        needed = _request(self.approval, self.approval.last, at=question.requested_at)
        used = binding.consume(question, by=step, question=needed, steps=_steps(needed), at=at)
        because = decisions.because(self.approval)
        txn.save(self.approval, ApprovalVetoed.of(self.approval), because=because)
        txn.create(self.veto, VetoRecorded.of(self.veto), because=because)
        return txn.save(used, ApprovalConsumed.of(used))


def said(
    approval: Approval, *, by: Actor, at: datetime, category: VetoCategory, explanation: str
) -> Decision:
    """
    Return what somebody objected to what was approved, whenever it came.

    Raises:
        Forbidden: They are not its Governor.
    """
    checks.may_veto(approval, by, at)
    words = decision(approval, "veto", by=by, at=at, reason=explanation, category=category)
    return by_right(words, checks.Authority(approval.governor))


def question(
    approval: Approval, words: Decision, *, id: str, by: Actor, at: datetime
) -> tuple[Approval, LateVeto]:
    """
    Return the question whether a veto that came too late is to count, and what it is about.

    It is not for whoever vetoed, nor for whoever had said yes: both would judge their own word.
    """
    request = _request(approval, words, at=at)
    agreed = {one.approver_id for one in approval.decisions if one.verb == "approve"}
    asked = requests.ask(request, id=id, tenant=approval.tenant_id, by=by, at=at, makers=agreed)
    kept = LateVeto(id=asked.id, approval_id=approval.id, said=words, received_at=at)
    return asked.model_copy(update={"steps": _steps(request)}), kept


def _steps(request: ApprovalRequest) -> tuple[Step, ...]:
    """Return who is asked: whoever vetoed does not confirm it, so their deputy is, for this in their own right."""
    first, *others = chains.steps(request, chains.chain(request))
    if request.governor_scope != "platform":
        return (first, *others)
    besides = first.model_copy(update={"roles": (*first.roles, Role.DEPUTY_GOVERNOR)})
    return (besides, *others)


def _request(approval: Approval, words: Decision, *, at: datetime) -> ApprovalRequest:
    _, industry, target = approval.approval_class.split(":")
    begun = approval.consumed_by is not None
    subject: dict[str, str | int] = {
        "typ": "change/v1",
        "tenant_id": approval.tenant_id,
        "entity": f"approvals/{approval.id}",
        "change": "rollback",
        "from_hash": approval.action_digest,
        "to_hash": "",
        "chain_version": 1,
    }
    about = "What was approved had begun." if begun else "Nothing of what was approved had begun."
    on_yes = "what was approved is rolled back" if begun else "what was approved never happens"
    return ApprovalRequest(
        type="execution",
        gate="change",
        approval_class=f"{VERB}:{industry}:{target}",
        subject_kind="change",
        subject=subject,
        title=f"Roll back after a late veto: {named(approval.title)}"[:200],
        summary=f"{words.approver_id} vetoed it ({words.category}) at {written(words.at)}, and that"
        f" arrived at {written(at)}, too late to count by itself. {about}\n\n"
        + quoted(words.approver_id, words.reason or ""),
        action_description=f"The veto counts: {on_yes}.",
        rationale="Whoever vetoed does not confirm it themselves.",
        evidence_refs=(_evidence(approval, words),),
        risk="medium",
        blast_radius="medium",
        urgency="immediate",
        reversibility="reversible",
        governor_scope=approval.governor_scope,
        agent_id=approval.agent_id,
        on_behalf_of=words.approver_id,
    )


def name(approval_id: str) -> str:
    """Name the question whether a late veto of an approval is to count, whoever vetoed it and how often."""
    return digest({"typ": "late-veto/v1", "approval_id": approval_id})


def standing(txn: Transaction, approval: Approval, *, at: datetime) -> Approval | None:
    """
    Return the open question whether a late veto of an approval is to count.

    Raises:
        AlreadyDecided: Somebody said no to it.
    """
    before = repeats.known(txn, name(approval.id))
    if before is not None and before.refused:
        no = before.last
        raise AlreadyDecided(
            f"{no.approver_id} said no to the roll-back at {written(no.at)}", approval_id=before.id
        )
    open_still = before is not None and before.open and at < before.expires_at
    return before if open_still else None


def undoable(approval: Approval) -> bool:
    """Say whether there is anything about which a roll-back could be asked."""
    return decisions.effect(approval) != "irreversible"


def counted(
    before: Approval, words: Decision, *, id: str, at: datetime, question_id: str | None = None
) -> Counted:
    """Return a late veto as it counts: by itself, or confirmed by the yes to a question."""
    words = words.model_copy(update={"decision_version": before.decision_version + 1})
    after = decisions.objected(before, words).model_copy(update={"vetoed_at": at})
    veto = decisions.record_veto(before, after, id=id)
    more: dict[str, Any] = {"received_at": at, "offline": True, "late": True}
    more |= {"confirmed_through": question_id}
    more |= {"effect_completed_at": at} if veto.effect_completed_at else {}
    return Counted(after, veto.model_copy(update=more))


def confirmed(txn: Transaction, call: Call, granted: Approval) -> Counted | None:
    """
    Return the late veto that a yes lets count; None where the question is about something else.

    Raises:
        IntegrityHold: What was objected is not what the question showed.
    """
    if granted.status is not ApprovalStatus.APPROVED or granted.deed != VERB:
        return None
    known = txn.get_or_none(LateVeto, granted.id)
    before = txn.get_or_none(Approval, known.approval_id) if known else None
    if known is None or before is None or before.vetoed_at is not None:
        return None
    shown = {one.sha256 for one in granted.evidence_refs if one.kind == "late_veto"}
    if _evidence(before, known.said).sha256 not in shown:
        raise IntegrityHold("what was objected is not what was shown", rule="late_veto")
    return counted(before, known.said, id=call.new_id(), at=call.now, question_id=granted.id)


def _evidence(approval: Approval, words: Decision) -> EvidenceRef:
    shown = digest(words.to_stored())
    return EvidenceRef(kind="late_veto", ref=f"approvals/{approval.id}", sha256=shown)
