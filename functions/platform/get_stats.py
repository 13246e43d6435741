from shared.entity import Timestamp, Value
from shared.identity import PLATFORM, Scope
from shared.mobile.totals import DashboardTotals
from shared.observing import Memory
from shared.operation import Call, operation
from shared.platform.incidents import Incident
from shared.platform.models import LATEST, Observation
from shared.queries import OneOf
from shared.store import Transaction


class Stats(Value):
    """The platform at one glance; what does not exist yet is null."""

    active_agents: int
    trials_active: int | None = None
    subscriptions_active: int | None = None
    mrr: int | None = None
    pending_approvals: int
    open_incidents: int
    open_cases: int | None = None
    budget_pct: int | None = None
    error_rate_5m: float | None
    compliance_score: float | None = None
    as_of: Timestamp


@operation(
    "GET",
    "/v1/dashboard/stats",
    scopes={Scope.PLATFORM_READ},
    audited=False,
    tenant=PLATFORM,
)
def get_stats(call: Call, memory: Memory) -> Stats:
    """Show the platform at one glance, at most a minute old."""
    with call.transaction() as txn:
        return memory.recall("stats", lambda: _counted(txn, call), at=call.now)


def _counted(txn: Transaction, call: Call) -> Stats:
    shards = txn.all(DashboardTotals)
    seen = txn.peek(Observation, LATEST)
    return Stats(
        active_agents=sum(shard.active_agents for shard in shards),
        pending_approvals=sum(shard.pending_approvals for shard in shards),
        open_incidents=txn.count(Incident, status=OneOf(("open", "investigating"))),
        error_rate_5m=seen.error_rate_5m if seen else None,
        as_of=call.now,
    )
