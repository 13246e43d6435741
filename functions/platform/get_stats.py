from shared.actors import PLATFORM, Scope
from shared.entity import Timestamp, Value
from shared.mobile.models.dashboard import DashboardTotals
from shared.observability import Memory
from shared.operation import Call, operation
from shared.platform.models.incidents import Incident
from shared.platform.models.services import LATEST, Observation
from shared.queries import OneOf
from shared.store import Transaction


class Stats(Value):
    """The platform at one glance; what does not exist yet is null."""

    active_agents: int
    """How many agents are deployed."""
    trials_active: int | None = None
    """How many customers try an agent; null until there are trials."""
    subscriptions_active: int | None = None
    """How many subscriptions run; null until there are subscriptions."""
    mrr: int | None = None
    """Monthly recurring revenue in rupees; null until there are subscriptions."""
    pending_approvals: int
    """How many questions wait for a person."""
    open_incidents: int
    """How many incidents are open or being looked into."""
    open_cases: int | None = None
    """How many support cases are open; null until there are cases."""
    budget_pct: int | None = None
    """How much of the month's budget is spent, in percent; null until there are budgets."""
    error_rate_5m: float | None
    """The share of requests that failed in the last five minutes, from 0 to 1; null while nobody measured it."""
    compliance_score: float | None = None
    """How compliant the platform is, from 0 to 100; null until that is worked out."""
    as_of: Timestamp
    """When the figures were counted."""


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
    seen = txn.get_or_none(Observation, LATEST)
    return Stats(
        active_agents=sum(shard.active_agents for shard in shards),
        pending_approvals=sum(shard.pending_approvals for shard in shards),
        open_incidents=txn.count(Incident, status=OneOf(("open", "investigating"))),
        error_rate_5m=seen.error_rate_5m if seen else None,
        as_of=call.now,
    )
