from shared import jobs
from shared.actors import Scope
from shared.entity import Id
from shared.jobs import Job, JobCancelRequested, JobState, SeenJob
from shared.operation import Call, operation


@operation("POST", "/v1/async-jobs/{job_id}/cancel", scopes={Scope.JOBS_CANCEL})
def cancel_async_job(call: Call, job_id: Id) -> SeenJob:
    """
    Have a job given up.

    The step that is under way is finished, and what was done stays done; there is no further step. A job that has
    ended cannot be given up any more.
    """
    with call.transaction() as txn:
        before, state = txn.get(Job, job_id), txn.get_or_none(JobState, job_id)
        jobs.seen(before, state, by=call.actor)
        after = jobs.cancelled(before, by=call.actor)
        if after is not before:
            told = JobCancelRequested(kind=after.kind, cancelled_by=call.actor.id)
            after = txn.save(after, told)
        return jobs.seen(after, state, by=call.actor)
