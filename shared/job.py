"""
Declare a kind of job, and begin one.

A job is one function in one file that does a step and says how far it came; the kernel calls it again until
it returns what came of the whole. Each step is a commit of its own, together with how far the job is, so a
job goes on where it was, whoever ends in the middle, and does no step's effect twice.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from functools import cached_property
from inspect import get_annotations
from typing import Any, ClassVar, Self, TypeVar

from shared import jobs
from shared.documents import Write
from shared.entity import Coded, Record, Value
from shared.jobs import Job, JobRequested, JobState, Progress, Work
from shared.operation import Call, place
from shared.queries import Reads
from shared.reaction import Reaction, ReactionCall
from shared.records import dataclass
from shared.store import Transaction

F = TypeVar("F", bound=Callable[..., Value])
V = TypeVar("V", bound=Value)


@dataclass(frozen=True, kw_only=True)
class JobStep(ReactionCall):
    """The call of one step: what it writes, wherever, is one commit with how far the job is then."""

    _beside: list[Write] = field(default_factory=list, init=False, repr=False)
    """What a port of the kernel's writes beside its transactions."""

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open the one transaction of this step, in the tenant of its job, or go on with it."""
        with self._transaction(self.tenant) as txn:
            yield txn

    @property
    def writes(self) -> list[Write]:
        """Everything that its transactions write, and what is written beside them."""
        return [*super().writes, *self._beside]


class Visited(Progress):
    """How far a job is that visits every tenant, each once: `done` counts those that it is done with."""

    tenant: str = ""
    """Whom it visited last; nobody at first."""
    cursor: Coded | None = None
    """Where it goes on with that one; null where it is done with them."""

    def next(self, everywhere: Reads, kind: type[Record]) -> str | None:
        """Return whose turn it is of those who have documents of a kind, or None where all had theirs."""
        return self.tenant if self.cursor else everywhere.tenant_after(kind, self.tenant)

    def at(self, tenant: str, cursor: str | None = None) -> Self:
        """Return how far it is after a step with one tenant, which goes on at a cursor if there is one."""
        done = self.done if cursor else self.done + 1
        return self.model_copy(update={"tenant": tenant, "cursor": cursor, "done": done})


@dataclass(frozen=True)
class JobKind(Reaction):
    """Everything the deployment needs to know: a reaction to the timers of its jobs."""

    in_steps: ClassVar[bool] = True

    @cached_property
    def work(self) -> type[Work]:
        """What it is asked."""
        return _parameter(self.function, Work)[1]

    def step(
        self, call: JobStep, asked: Work, reached: JobState, ports: Mapping[str, Any]
    ) -> Value:
        """Do the next step; return how far it came, or what came of the whole."""
        name, kind = _parameter(self.function, Progress)
        progress = kind.model_validate(reached.reached)
        inputs = {_parameter(self.function, Work)[0]: asked, name: progress}
        result: Value = self.function(call, **inputs, **ports)
        return result


def begin(txn: Transaction, call: Call, work: Work, *, key: str | None = None) -> Job:
    """
    Have work done, as soon as somebody is free; return the job.

    Args:
        txn: Where it is asked for.

        call: Who asks.

        work: What is to be done.

        key: What names this work among all of its kind and tenant: asked for again, it is the same job.

    Raises:
        Conflict: The key stands for other work.
    """
    id = jobs.named(call.tenant, work.kind, key) if key else call.new_id()
    new = jobs.requested(work, id=id, by=call.actor, tenant=call.tenant, at=call.now)
    before = txn.get_or_none(Job, id) if key else None
    if before is not None:
        return jobs.same(before, new)
    new = txn.create(new, JobRequested(kind=new.kind, asked_hash=new.asked_hash))
    due = txn.schedule(work.due(), at=call.now, about=new)
    txn.create(JobState(id=new.id, due=due.id))
    return new


def job(function: F) -> F:
    """
    Declare a function to do one kind of work, step by step.

    It takes the call of a step, the work, and how far it came: a `Progress` whose members all have defaults.
    It returns how far it is then, or another value: what came of it. One step takes seconds, and reads and
    writes what one commit holds. What it has done outside the store, it may do again: it names that by the job
    and the step.
    """
    vars(function)["declared"] = JobKind(function, due=_parameter(function, Work)[1].due)
    return function


def _parameter(function: Callable[..., Any], kind: type[V]) -> tuple[str, type[V]]:
    hints = get_annotations(function, eval_str=True).items()
    named = [(name, one) for name, one in hints if name != "return" and isinstance(one, type)]
    found = [(name, one) for name, one in named if issubclass(one, kind)]
    if len(found) != 1:
        raise TypeError(f"{place(function)} takes one {kind.__name__}, not {len(found)}")
    return found[0]
