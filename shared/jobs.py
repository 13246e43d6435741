"""
Jobs: what takes longer than a request, and what is known of it.

Who asked for what, and how it ended, is an entity. How far it is, and who is at it, is a record beside it:
it changes with every step and is no evidence. How a kind of job is declared, and begun: `shared/job.py`.
Why: docs/decisions/0027-jobs.md.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import new_class
from typing import Any, ClassVar, Literal, cast
from uuid import NAMESPACE_OID, uuid5

from shared.actors import Actor, Role, id_in
from shared.canonical import digest
from shared.entity import ActorId, Code, Entity, Event, Id, Printed, Record, Said, Timestamp, Value
from shared.errors import Conflict, NotFound
from shared.handling import After, Blanked, Handling, Nobody, PersonalData, UntilDone

LEASE = timedelta(minutes=5)
"""How long after the last sign of life of whoever is at a job another may take it over."""

RETRIES = 3
"""How often in a row a step is tried again."""

FIRST_S, LAST_S = 10, 600
"""How long it rests before it is tried again: twice as long each time."""

LOOK_AFTER = frozenset({Role.ADMIN, Role.INFRASTRUCTURE_ENGINEER, Role.CUSTOMER_ADMIN})
"""Who sees and ends the jobs of others, in the tenants that they may open."""

KEPT = timedelta(days=30)
"""How long after its end it is kept what a job was asked and what came of it."""

Status = Literal["queued", "running", "completed", "failed", "cancelled"]


class JobDue(Event, category="agent_action_start"):
    """A job can go on. Each kind has its own, made with it."""

    promised_on: ClassVar[str] = "jobs"


class Work(Value):
    """
    What a job of one kind is asked.

    The head of the class names the kind, `<area>.<thing>`::

        class EntryExport(Work, kind="audit.entry_export"): ...
    """

    kind: ClassVar[str]
    due: ClassVar[type[JobDue]]
    """What lets a job of this kind go on."""

    def __init_subclass__(cls, *, kind: str) -> None:
        """Make the event of its timers."""
        super().__init_subclass__()
        cls.kind = kind
        described = {"__module__": cls.__module__, "__doc__": f"A {cls.__name__} can go on."}
        made = new_class(
            f"{cls.__name__}Due",
            (JobDue,),
            {"action": f"{kind}_due"},
            lambda body: body.update(described),
        )
        cls.due = cast("type[JobDue]", made)


class Progress(Value):
    """How far a job is; a kind adds what its next step begins with."""

    personal: ClassVar = PersonalData(texts="says")

    done: int = 0
    """How many things are done."""
    total: int | None = None
    """How many there are; null while nobody knows."""
    says: Printed = ""
    """How far it is, in words."""

    def shown(self) -> "Progress":
        """Return what of it is for others to see."""
        return Progress(done=self.done, total=self.total, says=self.says)


class Resting(Progress):
    """How far a job is whose next step may have to wait."""

    rests_until: Timestamp | None = None
    """Until when it rests; null where it goes on at once."""


class Failure(Value):
    """Why a step failed."""

    personal: ClassVar = PersonalData(texts="detail")

    code: Code
    """What went wrong, for programs."""
    detail: Printed
    """What went wrong, in words."""


class Job(Entity):
    """What takes longer than a request."""

    collection: ClassVar[str] = "async_jobs"
    guarded_by: ClassVar[tuple[str, ...] | None] = ("requested_by",)
    handling: ClassVar = Handling(
        kept=After(2555, since="updated_at"),
        export="person",
        erasure=Blanked("that it was asked for, and how it ended, is evidence"),
        person="requested_by",
    )
    personal: ClassVar = PersonalData(ids="requested_by cancelled_by", texts="asked result")

    kind: Code
    """What kind of work it is."""
    asked: Mapping[str, Any]
    """What was asked; nothing once that is forgotten."""
    asked_hash: Code
    """The SHA-256 over the canonical JSON (RFC 8785) of what was asked."""
    status: Status
    """How far it is."""
    requested_by: ActorId
    """Who asked for it."""
    started_at: Timestamp | None = None
    """When it was begun; null while it waits."""
    ended_at: Timestamp | None = None
    """When it ended; null until then."""
    cancelled_by: ActorId | None = None
    """Who asked that it be given up; null where nobody did."""
    progress: Progress = Progress()
    """How far it came; while it runs, how far it was when it began."""
    result: Mapping[str, Any] | None = None
    """What came of it; null where it was not completed, or once that is forgotten."""
    failure: Failure | None = None
    """Why it failed; null where it did not."""
    known_until: Timestamp | None = None
    """Until when it is known what was asked and what came of it; null before it ended and once that is forgotten."""

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.status in {"completed", "failed", "cancelled"}


class JobState(Record):
    """How far a job is and who is at it, from its request to its end; its id is the job's."""

    collection: ClassVar[str] = "job_states"
    handling: ClassVar = Handling(
        kept=UntilDone("its job has ended"),
        export=Nobody("its job says how far it came"),
        erasure="deleted",
    )
    personal: ClassVar = PersonalData(texts="reached")

    due: str
    """The timer that lets it go on."""
    worker: str = ""
    """Who is at it."""
    leased_until: Timestamp | None = None
    """Until when nobody else may be."""
    reached: Mapping[str, Any] = {}
    """The progress of its kind, after its last step."""
    failed: int = 0
    """How often its next step has failed, one time after the other."""
    failure: Failure | None = None
    """How it failed last."""

    def leased(self, at: datetime) -> bool:
        """Say whether somebody is at it."""
        return bool(self.worker) and self.leased_until is not None and at < self.leased_until


class _OfJobs(Event, category="agent_action_start"):
    """Something about a job."""

    kind: Code


class JobRequested(_OfJobs, action="job.requested"):
    """Work was asked for that takes longer than a request."""

    asked_hash: Code


class JobStarted(_OfJobs, action="job.started"):
    """A job was begun."""


class JobCancelRequested(_OfJobs, action="job.cancel_requested"):
    """Somebody asked that a job be given up."""

    cancelled_by: ActorId


class JobCompleted(
    _OfJobs,
    action="job.completed",
    category="agent_action_complete",
    topic="operations-events",
):
    """A job was completed."""

    done: int


class JobFailed(
    _OfJobs,
    action="job.failed",
    category="agent_action_error",
    topic="operations-events",
    outcome="failure",
    severity="error",
):
    """A job was given up, as a step of it failed too often or can never succeed."""

    code: Code
    detail: Said
    done: int


class JobCancelled(
    _OfJobs,
    action="job.cancelled",
    category="agent_action_complete",
    topic="operations-events",
):
    """A job was given up, as somebody asked."""

    done: int


class JobForgotten(
    _OfJobs,
    action="job.forgotten",
    category="data_access",
    topic="operations-events",
):
    """What a job was asked, and what came of it, was forgotten: whoever kept files for it removes them."""


class SeenJob(Value):
    """How far longer work is."""

    id: Id
    """The job's id, which the address of `Location` ends in."""
    version_hash: str
    """Which version it is: another one once it was begun, was to be given up, or ended."""
    kind: Code
    """What kind of work it is."""
    asked: Mapping[str, Any]
    """What was asked; nothing once that is forgotten."""
    status: Status
    """Whether it waits, runs, or how it ended."""
    requested_by: ActorId
    """Who asked for it."""
    requested_at: Timestamp
    """When it was asked for."""
    started_at: Timestamp | None = None
    """When it was begun; null while it waits."""
    ended_at: Timestamp | None = None
    """When it ended; null until then."""
    cancelled_by: ActorId | None = None
    """Who asked that it be given up, which it is before its next step; null where nobody did."""
    progress: Progress
    """How far it is."""
    retries: int = 0
    """How often its next step has failed so far."""
    failure: Failure | None = None
    """Why it failed, or why its next step is tried again; null where nothing went wrong."""
    result: Mapping[str, Any] | None = None
    """What came of it; null until it is completed, and once that is forgotten."""
    known_until: Timestamp | None = None
    """Until when it is known what was asked and what came of it; null until it ends, and after that time."""


class Forgetting(Work, kind="job.forgetting"):
    """Forget, in every tenant, what was known of jobs for long enough."""

    until: Timestamp
    """What was to be known until then or less long."""


class Forgot(Value):
    """What a round of forgetting came to."""

    tenants: int
    """How many tenants were visited."""


# --- its life ------------------------------------------------------------------------------------


def requested(work: Work, *, id: str, by: Actor, tenant: str, at: datetime) -> Job:
    """Return a job as it is asked for."""
    asked = work.to_stored()
    return Job(
        id=id,
        tenant_id=tenant,
        created_at=at,
        updated_at=at,
        governance_agent_id="genesis",
        kind=work.kind,
        asked=asked,
        asked_hash=digest(asked),
        status="queued",
        requested_by=by.id,
    )


def same(before: Job, new: Job) -> Job:
    """
    Return the job that a key stands for already.

    Raises:
        Conflict: The key stands for other work.
    """
    if before.asked_hash != new.asked_hash:
        raise Conflict("this key stands for other work; name another one", rule="job_key")
    return before


def named(tenant: str, kind: str, key: str) -> str:
    """Return the id of the job of a key."""
    return id_in(tenant, str(uuid5(NAMESPACE_OID, f"{tenant}\n{kind}\n{key}")))


def address(job: Job) -> str:
    """Return where the API says how far a job is."""
    return f"/v1/async-jobs/{job.id}"


def started(job: Job, *, at: datetime) -> Job:
    """Return a job that somebody has begun."""
    return job.model_copy(update={"status": "running", "started_at": at})


def seen(job: Job, state: JobState | None, *, by: Actor) -> SeenJob:
    """
    Return what somebody may see of a job: of their own, or of all that they look after.

    Raises:
        NotFound: It is another's.
    """
    if by.id != job.requested_by and not by.roles & LOOK_AFTER:
        raise NotFound(f"there is no job {job.id} here that is yours")
    failed = (state.failed, state.failure) if state else (0, job.failure)
    return SeenJob(
        id=job.id,
        version_hash=job.version_hash,
        kind=job.kind,
        asked=job.asked,
        status=job.status,
        requested_by=job.requested_by,
        requested_at=job.created_at,
        started_at=job.started_at,
        ended_at=job.ended_at,
        cancelled_by=job.cancelled_by,
        progress=Progress.model_validate(state.reached).shown() if state else job.progress,
        retries=failed[0],
        failure=failed[1],
        result=job.result,
        known_until=job.known_until,
    )


def cancelled(job: Job, *, by: Actor) -> Job:
    """
    Return a job that is to be given up before its next step; one that already is stays as it is.

    Raises:
        Conflict: It has ended.
    """
    if job.over:
        raise Conflict(f"this job has ended: it is {job.status}", rule="job_over")
    if job.cancelled_by:
        return job
    return job.model_copy(update={"cancelled_by": by.id})


def ended(
    job: Job,
    status: Literal["completed", "failed", "cancelled"],
    *,
    at: datetime,
    reached: Progress,
    result: Value | None = None,
    failure: Failure | None = None,
) -> Job:
    """Return a job at its end."""
    shown = {"done": reached.done, "total": reached.total, "says": reached.says}
    update = {
        "status": status,
        "ended_at": at,
        "progress": job.progress.model_copy(update=shown),
        "result": None if result is None else result.to_stored(),
        "failure": failure,
        "known_until": at + KEPT,
    }
    return job.model_copy(update=update)


def end_of(job: Job) -> JobCompleted | JobFailed | JobCancelled:
    """Return the event that tells how a job ended."""
    done = job.progress.done
    if job.failure is not None:
        return JobFailed(kind=job.kind, code=job.failure.code, detail=job.failure.detail, done=done)
    told = JobCompleted if job.status == "completed" else JobCancelled
    return told(kind=job.kind, done=done)


def forgotten(job: Job) -> Job:
    """Return a job of which nobody knows any more what it was asked and what came of it."""
    return job.model_copy(update={"asked": {}, "result": None, "known_until": None})


def failing(state: JobState, failure: Failure) -> JobState:
    """Return how a job is whose step has failed once more."""
    return state.model_copy(update={"failed": state.failed + 1, "failure": failure})


def again_in(state: JobState) -> timedelta | None:
    """Return after how long a failed step is tried again, or None to give the job up."""
    if state.failed > RETRIES:
        return None
    return timedelta(seconds=min(LAST_S, FIRST_S * 2 ** (state.failed - 1)))
