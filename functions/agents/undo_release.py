from shared.agents.actions import returning, vetoes
from shared.approvals.events.questions import ReturnGranted
from shared.approvals.events.vetoes import VetoEffectCompleted, VetoRecorded
from shared.approvals.models.approvals import Approval
from shared.approvals.models.vetoes import Veto
from shared.approvals.rules import decisions
from shared.reaction import ReactionCall, reaction


@reaction(on=(VetoRecorded, ReturnGranted))
def undo_release(call: ReactionCall, event: VetoRecorded | ReturnGranted) -> None:
    """
    Undo what a veto hit: end the run, take the release back, stop who came back.

    An agent that had never been in service before is rejected. The veto says when all of it was done. Where a
    late one counted by itself, whether what it took out of service returns is asked in the same commit, and a
    yes to that puts it back.
    """
    with call.transaction() as txn:
        if isinstance(event, ReturnGranted):
            returning.carry_out(txn, call, txn.get(Approval, call.subject_id))
            return
        veto = txn.get(Veto, call.subject_id)
        undone = vetoes.undo(txn, call, veto) if veto.effect != "irreversible" else None
        if undone is not None and veto.effect_completed_at is None:
            after = decisions.completed(undone, at=call.now)
            txn.save(after, VetoEffectCompleted(effect=after.effect))
