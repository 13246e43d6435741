"""
Carry jobs on: one worker at a time, step by step, each step one commit with how far the job is then.

A timer brings a worker, which takes the lease and does steps for a while; then it lets go and leaves another
timer. Its own timer stays until then: where the worker ends in the middle, that one comes again, at the
latest when the lease has lapsed, and whoever it brings takes over. A worker that lost its lease commits
nothing more.
"""

import time
from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from uuid import uuid4

from shared import jobs
from shared.actors import PLATFORM, Actor, Role
from shared.bus import Message, Received
from shared.documents import Condition, Contended, Documents, Key, Query, Write
from shared.edge.calling import given, step_call
from shared.edge.contention import settled
from shared.edge.meter import doing
from shared.edge.ports import Ports
from shared.edge.proof import promised
from shared.edge.walking import pages, readable, record
from shared.entity import Value, written
from shared.errors import Refusal
from shared.job import JobKind, JobStep
from shared.jobs import Failure, Job, JobStarted, JobState, Progress, Resting
from shared.operation import Crossing
from shared.promises import Due
from shared.store import Transaction

TURN_S = 80.0
"""How long a worker does steps in the cloud before it makes room: the last one still ends in its function's time."""

TURN_HERE_S = 2.0
"""How long on one machine, where the next turn begins at once, and others wait for a thread."""

LOST = Failure(code="worker_lost", detail="whoever was at it ended in the middle of a step")

After = Literal["goes on", "rests", "is over"]


def carry(
    kind: JobKind, message: Message, claim: Received, ports: Ports, crossings: list[Crossing]
) -> bool:
    """
    Do as many steps of the job of a timer as there is time for; return whether there was anything to do.

    Raises:
        Unproven: What is stored does not say what the message says.
    """
    worker = _Worker(kind, message, claim, ports, crossings)
    with doing("edge.lease"):
        if not settled(lambda _: worker.take()):
            return False
    after: After = "goes on"
    while after == "goes on":
        with doing(kind.id):
            after = settled(lambda _: worker.step())
    return True


def abandoned(documents: Documents, at: datetime) -> None:
    """Let go of what the processes before this one were at: they are dead, as this one has their place."""
    where = (Condition("leased_until", ">=", ""),)
    query = Query(JobState.collection, where, (("leased_until", "asc"),))
    for page in pages(documents, None, query):
        for state, found in zip(readable(page, record(JobState)), page, strict=False):
            if state.leased(at):
                lapsed = {**found.data, "leased_until": written(at)}
                documents.commit([Write(found.key, lapsed, found.revision)])


class _Worker:
    """One turn at one job."""

    def __init__(
        self,
        kind: JobKind,
        message: Message,
        claim: Received,
        ports: Ports,
        crossings: list[Crossing],
    ) -> None:
        self._kind, self._message, self._claim = kind, message, claim
        self._ports, self._crossings = ports, crossings
        self._due = Key(claim.tenant, Due.collection, claim.id)
        self._name = str(uuid4())
        self._until = time.monotonic() + (TURN_HERE_S if ports.settings.local else TURN_S)

    def take(self) -> bool:
        """Take the lease, and say whether it was there to be taken."""
        documents = self._ports.documents
        due = documents.get(self._due)
        if due is None:
            return False
        promised(self._message, due, now=self._ports.clock())
        call = self._call()
        with call.transaction() as txn:
            job = txn.get(Job, call.subject_id)
            state = txn.get_or_none(JobState, job.id)
        if job.over or state is None:
            documents.commit([Write(self._due, None)])
            return False
        if state.leased(call.now):
            self._come_again(call, job, state)
            return False
        gone = [] if state.due == self._due.id else [state.due]
        if state.worker:
            state = jobs.failing(state, LOST)
            if jobs.again_in(state) is None:
                self._end(call, job, state, "failed", failure=LOST)
                return False
        state = state.model_copy(update={**self._lease(call), "due": self._due.id})
        with call.transaction() as txn:
            if job.status == "queued":
                txn.save(jobs.started(job, at=call.now), JobStarted(kind=job.kind))
            txn.save(state)
        self._commit(call, gone)
        return True

    def _come_again(self, call: JobStep, job: Job, state: JobState) -> None:
        """Look again when the lease of whoever is at it has lapsed; one timer of a job is enough."""
        if state.due == self._due.id:
            with call.transaction() as txn:
                due = txn.schedule(
                    self._kind.work.due(), at=state.leased_until or call.now, about=job
                )
                txn.save(state.model_copy(update={"due": due.id}))
        self._commit(call, [self._due.id])

    def step(self) -> After:
        """Do one step, and say whether there is another one in this turn."""
        call = self._call()
        with call.transaction() as txn:
            job = txn.get(Job, call.subject_id)
            state = txn.get_or_none(JobState, job.id)
        if job.over or state is None or state.worker != self._name:
            return "is over"
        if job.cancelled_by:
            return self._end(call, job, state, "cancelled")
        try:
            asked = self._kind.work.model_validate(job.asked)
            done = self._kind.step(call, asked, state, given(self._kind, self._ports, call.tenant))
        except Contended:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the step is tried again or the job fails
            return self._failed(error)
        self._crossings.extend(call.crossings)
        if not isinstance(done, Progress):
            return self._end(call, job, state, "completed", result=done)
        update = {"reached": done.to_stored(), "failed": 0, "failure": None}
        state = state.model_copy(update={**update, **self._lease(call)})
        rests_until = done.rests_until if isinstance(done, Resting) else None
        at = max(rests_until or call.now, call.now)
        with call.transaction() as txn:
            if at == call.now and time.monotonic() < self._until:
                txn.save(state)
                self._commit(call)
                return "goes on"
            self._let_go(txn, job, state, at=at)
        self._commit(call, [state.due])
        return "rests"

    def _failed(self, error: Exception) -> After:
        """Note that a step failed, without what it was about to write; it rests, or was tried often enough."""
        call = self._call()
        with call.transaction() as txn:
            job, state = txn.get(Job, call.subject_id), txn.get_or_none(JobState, call.subject_id)
        if state is None or state.worker != self._name:
            return "is over"
        failure = _told(error)
        state = jobs.failing(state, failure)
        pause = jobs.again_in(state)
        if pause is None or (isinstance(error, Refusal) and error.status < 500):
            return self._end(call, job, state, "failed", failure=failure)
        with call.transaction() as txn:
            self._let_go(txn, job, state, at=call.now + pause)
        self._commit(call, [state.due])
        return "rests"

    def _end(
        self,
        call: JobStep,
        job: Job,
        state: JobState,
        status: Literal["completed", "failed", "cancelled"],
        *,
        result: Value | None = None,
        failure: Failure | None = None,
    ) -> After:
        reached = Progress.model_validate(state.reached)
        after = jobs.ended(
            job, status, at=call.now, reached=reached, result=result, failure=failure
        )
        with call.transaction() as txn:
            txn.save(after, jobs.end_of(after))
            txn.delete(state)
        self._commit(call, {self._due.id, state.due})
        return "is over"

    def _let_go(self, txn: Transaction, job: Job, state: JobState, *, at: datetime) -> None:
        due = txn.schedule(self._kind.work.due(), at=at, about=job)
        txn.save(state.model_copy(update={"due": due.id, "worker": "", "leased_until": None}))

    def _lease(self, call: JobStep) -> dict[str, object]:
        return {"worker": self._name, "leased_until": call.now + jobs.LEASE}

    def _commit(self, call: JobStep, dues: Iterable[str] = ()) -> None:
        gone = [Write(Key(self._claim.tenant, Due.collection, id), None) for id in sorted(dues)]
        self._ports.documents.commit([*call.writes, *gone])

    def _call(self) -> JobStep:
        area = self._kind.id.partition(".")[0]
        return step_call(
            self._ports,
            actor=Actor(id=f"service:{area}", tenant=PLATFORM, roles=frozenset({Role.SERVICE})),
            tenant=self._claim.tenant,
            operation=self._kind.id,
            correlation_id=self._claim.correlation_id,
            causation_id=self._claim.causation_id,
            traceparent=self._claim.traceparent,
            subject=self._claim.subject,
        )


def _told(error: Exception) -> Failure:
    """Say what went wrong: of a defect of ours neither its words nor its values, which may be anybody's."""
    if isinstance(error, Refusal):
        return Failure(code=error.code, detail=error.detail)
    return Failure(code="internal", detail=f"a step ended with {type(error).__name__}")
