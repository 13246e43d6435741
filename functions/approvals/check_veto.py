from shared.actors import Role
from shared.approvals.events.vetoes import VetoEffectDue, VetoEffectOverdue
from shared.approvals.models.vetoes import Veto
from shared.notifications.actions.telling import tell_each
from shared.notifications.rules.notices import notice, saying
from shared.reaction import ReactionCall, reaction


@reaction(due=VetoEffectDue)
def check_veto(call: ReactionCall, _: VetoEffectDue) -> None:
    """Call the Governor where what was vetoed is not undone after five minutes."""
    with call.transaction() as txn:
        veto = txn.get(Veto, call.subject_id)
        if veto.effect_completed_at is not None:
            return
        paged = notice(
            "constitutional_violation",
            tenant=call.tenant,
            audience=Role.GOVERNOR,
            subject=call.subject,
            title="A veto is not carried out",
            body=f"Its effect ({veto.effect}) was to be complete after five minutes.",
            at=call.now,
        )
        tell_each(call, txn, saying("not_undone", paged))
        txn.save(veto, VetoEffectOverdue(effect=veto.effect))
