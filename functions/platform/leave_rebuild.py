from shared.jobs import Job, JobCancelled, JobFailed
from shared.platform.actions import rebuilding
from shared.platform.models.rebuilds import Rebuild
from shared.projections import alone
from shared.reaction import ReactionCall, reaction


@reaction(on=(JobCancelled, JobFailed), repeatable=True)
def leave_rebuild(call: ReactionCall, event: JobCancelled | JobFailed) -> None:
    """Keep only the side of a projection that is shown, where its rebuild did not end; the next one clears the other."""
    if event.kind != Rebuild.kind:
        return
    with call.transaction() as txn:
        job = txn.get(Job, call.subject_id)
        name = Rebuild.model_validate(job.asked).projection if job.asked else ""
        sides = rebuilding.of(txn, name)
        after = alone(sides, at=call.now)
        if sides.job == job.id and after != sides:
            txn.save(after)
