from shared.approvals.events.vetoes import VetoRecorded
from shared.approvals.models.vetoes import Veto
from shared.mobile.models.dashboard import RecentVetoes
from shared.mobile.rules import totals
from shared.mobile.rules.totals import RECENT_VETOES
from shared.reaction import ReactionCall, reaction


@reaction(on=VetoRecorded)
def remember_veto(call: ReactionCall, event: VetoRecorded) -> None:
    """Keep the last vetoes where the dashboard finds them in one read."""
    del event
    with call.transaction() as txn:
        veto = txn.get(Veto, call.subject_id)
        recent = txn.get_or_none(RecentVetoes, RECENT_VETOES) or RecentVetoes(id=RECENT_VETOES)
        txn.save(totals.remembered(recent, veto))
