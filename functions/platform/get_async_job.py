from shared import jobs
from shared.actors import Scope
from shared.entity import Id
from shared.jobs import Job, JobState, SeenJob
from shared.operation import Call, operation


@operation("GET", "/v1/async-jobs/{job_id}", scopes={Scope.JOBS_READ}, audited=False)
def get_async_job(call: Call, job_id: Id) -> SeenJob:
    """
    Show how far a job is.

    A job is what takes longer than a request: whoever asks for one is answered 202 with this address. It goes step by
    step and survives whatever ends in the middle; a step that fails is tried again some times. It is shown to who asked
    for it, and to who looks after the tenant's or the platform's operations.
    """
    with call.transaction() as txn:
        job = txn.get(Job, job_id)
        return jobs.seen(job, txn.get_or_none(JobState, job_id), by=call.actor)
