from shared.actors import Scope
from shared.mobile.models.dashboard import Dashboard, DashboardTotals, OpenApproval, RecentVetoes
from shared.mobile.rules import totals
from shared.mobile.rules.subjects import subjects
from shared.mobile.rules.totals import RECENT_VETOES
from shared.notifications.actions import shown
from shared.operation import Call, operation
from shared.precedents.models.figures import Figures
from shared.precedents.rules.figures import metrics


@operation("GET", "/v1/mobile/dashboard", scopes={Scope.GOVERNANCE_READ}, audited=False)
def get_dashboard(call: Call) -> Dashboard:
    """
    Show what the Governor should know at one glance.

    Everything was counted when it happened, so this costs a handful of reads however much there is. It
    may be kept for five minutes.
    """
    with call.transaction() as txn:
        shards = txn.all(DashboardTotals)
        oldest = txn.first(OpenApproval, order="requested_at")
        recent = txn.get_or_none(RecentVetoes, RECENT_VETOES)
        figures = txn.all(Figures)
        unread = shown.Record(txn, subjects).unread(call.actor.audiences, call.now)
    return Dashboard(
        active_agents_count=sum(one.active_agents for one in shards),
        pending_approvals_count=sum(one.pending_approvals for one in shards),
        oldest_pending_at=oldest.requested_at if oldest else None,
        recent_vetoes=recent.vetoes if recent else (),
        system_health=totals.health(shards),
        budget=None,
        seeds=totals.rates(metrics(figures, at=call.now)),
        unread_notifications=unread,
        as_of=call.now,
    )
