from shared.actors import Scope
from shared.budgets.actions import using
from shared.budgets.models.usage import Usage, UsageEvent, UsageQuery
from shared.budgets.rules.limits import own_id
from shared.entity import written
from shared.operation import Call, operation
from shared.queries import AtLeast, AtMost, Between, Test


@operation("GET", "/v1/usage-events", scopes={Scope.BUDGETS_READ}, audited=False)
def list_usage_events(call: Call, query: UsageQuery) -> Usage:
    """
    List what agents used, the newest first; with `bucket`, what it comes to by day or month.

    Sums are folded as events come in, so they are a moment behind, and cost the same however many events there were.
    """
    if query.agent_id is not None:
        own = own_id(call.tenant, query.agent_id)
        query = query.model_copy(update={"agent_id": own})
    with call.transaction() as txn:
        if query.bucket is not None:
            return Usage(items=(), totals=using.totals(txn, query, at=call.now))
        tests = query.tests("agent_id", "event_type", "correlation_id")
        page = txn.page(UsageEvent, query, order="-created_at", **tests, **_times(query))
        return Usage(items=page.items, next_cursor=page.next_cursor)


def _times(query: UsageQuery) -> dict[str, Test]:
    since = written(query.since) if query.since else None
    until = written(query.until) if query.until else None
    if since and until:
        return {"created_at": Between(since, until)}
    one = AtLeast(since) if since else AtMost(until) if until else None
    return {"created_at": one} if one else {}
