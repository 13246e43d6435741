from shared.job import JobStep, Visited, job
from shared.policy.actions.drifting import look
from shared.policy.models.drift_watch import DriftWatch, DriftWatched
from shared.policy.models.policies import PoliciesInForce

WHY = "what policies do is looked at in every tenant that has some"


@job
def watch_drift(call: JobStep, watch: DriftWatch, so_far: Visited) -> Visited | DriftWatched:
    """Look, tenant by tenant, whether what policies do differs from what they did in the hour before."""
    tenant = so_far.next(call.each_tenant(WHY), PoliciesInForce)
    if tenant is None:
        return DriftWatched(tenants=so_far.done)
    with call.within(tenant, WHY) as txn:
        look(txn, watch.until, at=call.now)
    return so_far.at(tenant)
