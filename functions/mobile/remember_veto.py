from shared.approvals.events.vetoes import VetoRecorded
from shared.approvals.models.vetoes import Veto
from shared.mobile.models.dashboard import RecentVetoes
from shared.mobile.rules import totals
from shared.mobile.rules.totals import RECENT_VETOES
from shared.projection import Fold, projection


@projection(of=VetoRecorded, into=(RecentVetoes,), repeatable=True)
def remember_veto(call: Fold, event: VetoRecorded) -> None:
    """Keep the last vetoes where the dashboard finds them in one read."""
    del event
    with call.transaction() as txn:
        veto = txn.get(Veto, call.subject_id)
        before = txn.get_or_none(RecentVetoes, RECENT_VETOES) or RecentVetoes(id=RECENT_VETOES)
        after = totals.remembered(before, veto)
        if after != before:
            txn.save(after)
