from shared.agents import vetoing
from shared.approvals import rules
from shared.approvals.events import VetoEffectCompleted, VetoRecorded
from shared.approvals.models import Veto
from shared.reaction import Reaching, reaction


@reaction(on=VetoRecorded)
def undo_release(call: Reaching, _: VetoRecorded) -> None:
    """
    Undo what a veto hit: end the run, take the release back, stop who came back.

    An agent that had never been in service before is rejected. The veto says when all of it was done.
    """
    with call.transaction() as txn:
        veto = txn.get(Veto, call.subject_id)
        undone = veto.effect != "irreversible" and vetoing.undo(txn, call, veto)
        if undone and veto.effect_completed_at is None:
            after = rules.completed(veto, at=call.now)
            txn.save(after, VetoEffectCompleted(effect=after.effect))
