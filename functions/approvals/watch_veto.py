from datetime import timedelta

from shared.approvals.events.vetoes import VetoEffectDue, VetoRecorded
from shared.approvals.models.vetoes import Veto
from shared.reaction import ReactionCall, reaction
from shared.violations.actions.opening import open_violation
from shared.violations.models import Finding
from shared.violations.rules.lifecycle import opened

UNDONE_WITHIN = timedelta(minutes=5)


@reaction(on=VetoRecorded)
def watch_veto(call: ReactionCall, event: VetoRecorded) -> None:
    """
    Promise to look in five minutes whether what was vetoed is undone.

    What cannot be undone is opened as a violation instead, for a review.
    """
    if event.effect == "never_sent":
        return
    with call.transaction() as txn:
        veto = txn.get(Veto, call.subject_id)
        if veto.effect != "irreversible":
            txn.schedule(VetoEffectDue(), at=veto.received_at + UNDONE_WITHIN, about=veto)
            return
        finding = Finding(
            type="constitutional",
            code="GOVERNOR-OVERRIDE",
            severity="high",
            description="What the Governor vetoed is out already and cannot be undone.",
            actor_id=veto.issued_by,
            entity_id=call.subject,
        )
        new = opened(finding, tenant=call.tenant, occasion="veto", by=call.actor.id, at=call.now)
        open_violation(txn, new)
