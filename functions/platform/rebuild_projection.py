from shared import jobs
from shared.actors import PLATFORM, Scope
from shared.answers import Accepted
from shared.entity import Code
from shared.job import begin
from shared.jobs import Job, JobState, SeenJob
from shared.operation import Call, operation
from shared.platform.actions import rebuilding
from shared.platform.models.rebuilds import Rebuild
from shared.platform.rules import rebuilds
from shared.projections import Projections


@operation(
    "POST",
    "/v1/projections/{projection}/rebuild",
    scopes={Scope.PROJECTIONS_REBUILD},
    tenant=PLATFORM,
)
def rebuild_projection(call: Call, projection: Code, projections: Projections) -> Accepted[SeenJob]:
    """
    Fold what a projection shows from the events of every tenant again.

    Readers see it as it was until it is whole, and then as it became. `Location` says how far it is; where one is
    under way already, it is that one. A name that is none is answered with those that there are.
    """
    name = rebuilds.known(projection, projections.names())
    with call.transaction() as txn:
        sides = rebuilding.of(txn, name)
        going = txn.get_or_none(Job, sides.job) if sides.job else None
        if going is not None and not going.over:
            state = txn.get_or_none(JobState, going.id)
            return Accepted(jobs.address(going), jobs.seen(going, state, by=call.actor))
        job = begin(txn, call, Rebuild(projection=name))
        txn.save(sides.model_copy(update={"job": job.id}))
        return Accepted(jobs.address(job), jobs.seen(job, None, by=call.actor))
