from datetime import timedelta

from shared.job import begin
from shared.policy.models.drift_watch import DriftWatch
from shared.policy.models.policies import PoliciesInForce
from shared.queries import moment
from shared.reaction import ReactionCall, reaction


@reaction(every=timedelta(hours=1))
def begin_drift_watch(call: ReactionCall) -> None:
    """Begin this hour's look at what the policies of tenants do, where any tenant has some."""
    if call.each_tenant("whether anybody has policies").tenant_after(PoliciesInForce, "") is None:
        return
    hour = call.now.replace(minute=0, second=0, microsecond=0)
    with call.transaction() as txn:
        begin(txn, call, DriftWatch(until=hour), key=moment(hour))
