from shared import jobs
from shared.job import JobStep, Visited, job
from shared.jobs import Forgetting, Forgot, Job, JobForgotten
from shared.queries import AtMost, moment

AT_ONCE = 100
IN_TIME = "what a tenant asked is known for a limited time, in every tenant"
ENDED = "a job that has ended changes no more but by this, and one that ends meanwhile is not due"


@job
def forget_jobs(call: JobStep, forgetting: Forgetting, so_far: Visited) -> Visited | Forgot:
    """Forget what was asked of a tenant's jobs, and what came of them, once their time is over."""
    tenant = so_far.next(call.each_tenant(IN_TIME), Job)
    if tenant is None:
        return Forgot(tenants=so_far.done)
    with call.within(tenant, IN_TIME) as txn:
        page = txn.loosely(ENDED).find(
            Job,
            order="known_until",
            limit=AT_ONCE,
            cursor=so_far.cursor,
            known_until=AtMost(moment(forgetting.until)),
        )
        for one in page.items:
            txn.save(jobs.forgotten(one), JobForgotten(kind=one.kind))
    return so_far.at(tenant, page.next_cursor)
