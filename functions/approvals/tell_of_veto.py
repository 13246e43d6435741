from shared.approvals.events.vetoes import VetoRecorded
from shared.approvals.models.approvals import Approval
from shared.approvals.models.vetoes import Veto
from shared.approvals.rules.notices import inbox_of
from shared.entity import written
from shared.notifications.actions.telling import tell_each
from shared.notifications.rules.notices import notice, saying
from shared.reaction import ReactionCall, reaction


@reaction(on=VetoRecorded)
def tell_of_veto(call: ReactionCall, event: VetoRecorded) -> None:
    """Tell whoever approved something, and whoever asked for it, that it was vetoed."""
    if event.approval_id is None:
        return
    with call.transaction() as txn:
        approval, veto = txn.get(Approval, event.approval_id), txn.get(Veto, call.subject_id)
        agreed = [one.approver_id for one in approval.decisions if one.verb == "approve"]
        told = dict.fromkeys((*agreed, *sorted(approval.askers)))
        tell_each(
            call,
            txn,
            *(
                saying(
                    "vetoed",
                    notice(
                        "approval_pending",
                        tenant=inbox_of(approval, audience),
                        audience=audience,
                        subject=f"approvals/{approval.id}",
                        title=f"Vetoed: {approval.title}",
                        body=f"{veto.issued_by} vetoed it at {written(veto.decided_at)}.",
                        at=call.now,
                        occasion="vetoed",
                    ),
                )
                for audience in told
                if audience != veto.issued_by
            ),
        )
