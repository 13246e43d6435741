"""
Decide what runs next within one execution, always in the same way.

One strand runs until it waits, and ready strands take their turn in the order they became ready.
What comes from outside is delivered one at a time, in the order the journal gave it. So the same
journal always leads to the same state, shared variables included; a rolling hash of who ran when
proves it at every delivery of a replay.
"""

from __future__ import annotations

import hashlib
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from local.workflows.authority import Deployed
from local.workflows.boundary import within
from local.workflows.errors import DivergenceError, Failure, Fatal, Raised, limit
from local.workflows.functions import Context
from local.workflows.history import Recorder
from local.workflows.interpreter import Machine
from local.workflows.program import Program
from local.workflows.strands import Fork, Operation, Pause, Running, Strand, Work
from local.workflows.values import Value, digest, load

_log = logging.getLogger("workflows")
RAN, RAISED, FATAL = 1, 0, -1
_STRANDS_MAX = 20


@dataclass(frozen=True)
class Record:
    """An operation as the journal has it; *seq* and *ok* are None while it is open."""

    op: str
    kind: str
    args_hash: str
    deadline: datetime | None
    callback: str | None
    seq: int | None
    ok: int | None
    value: str | None
    schedule_hash: str | None

    def read(self) -> Value:
        """Return the value that was recorded."""
        try:
            return load(self.value or "null")
        except ValueError:
            raise DivergenceError(f"the record of the operation {self.op} cannot be read") from None


class Host(Protocol):
    """What an execution asks of the engine around it."""

    def start_operation(self, run: Run, pending: Pending) -> None:
        """Journal a new operation, then begin its effect."""

    def instant(
        self, run: Run, op: str, kind: str, arguments: Value, compute: Callable[[], Value]
    ) -> Value:
        """Compute and journal something that is over at once."""

    def create_callback(self, run: Run, op: str, method: str) -> Value:
        """Open an endpoint and journal it."""

    def log(self, run: Run, op: str, severity: str, data: Value) -> None:
        """Journal a line, then log it."""

    def seconds(self) -> float:
        """Return the seconds since 1970."""


@dataclass(eq=False)
class _Join:
    """A parallel step that waits for its branches."""

    waiting: _Task
    path: str
    limit: int
    queue: deque[tuple[int, Callable[[Strand], Running]]]
    failures: list[Failure | None]
    left: int
    running: int = 0


@dataclass(eq=False)
class _Task:
    """A strand with its program counter, which is a generator."""

    strand: Strand
    steps: Running
    join: _Join | None = None
    branch: int = 0


@dataclass(eq=False, slots=True)
class Pending:
    """An operation somebody waits for."""

    op: str
    operation: Operation
    args_hash: str
    task: _Task
    record: Record | None = None


@dataclass(eq=False)
class Outcome:
    """How an execution ended."""

    value: Value = None
    failure: Failure | None = None


class _Turn(NamedTuple):
    task: _Task
    value: Value = None
    failure: Failure | None = None
    resumed: bool = False


@dataclass(frozen=True)
class Working:
    """What takes long, and who waits for it; any thread may call it."""

    task: _Task
    compute: Callable[[], Value]

    def __call__(self) -> Outcome:
        """Return what came of it."""
        try:
            return Outcome(self.compute())
        except Failure as failure:
            return Outcome(failure=failure)


class _StrandContext:
    """What functions see of the execution they are called in."""

    def __init__(self, run: Run, strand: Strand) -> None:
        self._run = run
        self._strand = strand
        self.environment = run.environment

    @property
    def replaying(self) -> bool:
        """Tell whether what is computed now was computed before, to its end."""
        return self._run.replaying

    def instant(self, kind: str, arguments: Value, compute: Callable[[], Value]) -> Value:
        """Compute once, and answer the same after every restart."""
        run, op = self._run, self._strand.next_operation()
        record = run.recorded(op, kind, digest(arguments))
        if record is not None:
            return record.read()
        return run.host.instant(run, op, kind, arguments, compute)

    def now(self) -> float:
        """Return the seconds since 1970."""
        return self._run.host.seconds()

    def create_callback(self, method: str) -> Value:
        """Open an endpoint of this execution."""
        run, op = self._run, self._strand.next_operation()
        record = run.recorded(op, "callback", digest(method))
        opened = record.read() if record is not None else run.host.create_callback(run, op, method)
        run.callbacks.add(opened["url"])
        return opened

    def log(self, severity: str, data: Value) -> None:
        """Write one line to the log, once."""
        run, op = self._run, self._strand.next_operation()
        if run.recorded(op, "log", digest([severity, data])) is None:
            run.host.log(run, op, severity, data)


class Run:
    """One execution in memory."""

    def __init__(
        self,
        id: str,
        deployed: Deployed,
        program: Program,
        argument: Value,
        environment: Mapping[str, str],
        recorder: Recorder,
        history: list[Record],
        host: Host,
        *,
        exact: bool = True,
    ) -> None:
        self.id = id
        self.deployed = deployed
        self.workflow = deployed.workflow
        self.environment = environment
        self.recorder = recorder
        self.host = host
        self.pending: dict[str, Pending] = {}
        self.callbacks: set[str] = set()
        self.outcome: Outcome | None = None
        self.seq = 0
        self.paused = False
        self._history = {record.op: record for record in history}
        self._order = deque(
            sorted((r for r in history if r.seq is not None), key=lambda r: r.seq or 0)
        )
        self._hash = b""
        # Whether the arguments of an operation are those of its record to the letter.
        self._exact = exact
        self._ready: deque[_Turn] = deque()
        self.work: Working | None = None
        """What the whole execution waits for; when it is done, it has `worked`."""

        self._joins: list[_Join] = []
        self._active = 0
        self._machine = Machine(program, recorder)
        self.billed = self._machine.billed
        strand = Strand("0", self._context)
        self._root = _Task(strand, self._machine.main(argument, strand))
        self._ready.append(_Turn(self._root))

    def _context(self, strand: Strand) -> Context:
        return _StrandContext(self, strand)

    @property
    def schedule_hash(self) -> str:
        """Return the hash of who ran when, up to now."""
        return self._hash.hex()

    # --- replay -------------------------------------------------------------------------------

    @property
    def replaying(self) -> bool:
        """Tell whether deliveries of the journal, or operations that it has, are still to come."""
        return bool(self._order or self._history)

    def recorded(self, op: str, kind: str, args_hash: str) -> Record | None:
        """Return what the journal has of an operation that is reached now."""
        record = self._history.pop(op, None)
        if record is None:
            if self._order:
                raise DivergenceError(f"the operation {op} ({kind}) is not in the journal")
            return None
        self.recorder.reached()
        if record.kind != kind:
            raise DivergenceError(f"the operation {op} is {kind} here and was {record.kind} before")
        if record.args_hash != args_hash:
            if self._exact:
                raise DivergenceError(
                    f"the operation {op} ({kind}) has other arguments than before"
                )
            # An earlier release wrote them in another way; what it did is done, and came to what is recorded.
            _log.warning("the operation %s of %s has other arguments than before", op, self.id)
        return record

    def replay(self) -> bool:
        """Deliver the next result of the journal; return False once there is none left."""
        if not self._order:
            if self._history and not self.paused:
                lost = ", ".join(sorted(self._history))
                raise DivergenceError(f"the journal has operations that were not reached: {lost}")
            return False
        record = self._order.popleft()
        if record.op not in self.pending:
            raise DivergenceError(f"the operation {record.op} is delivered but was not reached")
        if record.seq != self.seq + 1 or record.schedule_hash != self.schedule_hash:
            raise DivergenceError(f"the order of the strands differs at delivery {record.seq}")
        self.deliver(record.op, record.ok or 0, record.read())
        return True

    # --- going on -----------------------------------------------------------------------------

    def deliver(self, op: str, ok: int, value: Value) -> None:
        """Hand a result to the strand that waits for it."""
        pending = self.pending.pop(op)
        self.seq += 1
        if ok == RAN:
            self._ready.append(_Turn(pending.task, value))
        else:
            failure = Raised(value) if ok == RAISED else Fatal(value)
            self._ready.append(_Turn(pending.task, failure=failure))

    def advance(self) -> None:
        """Run until everything waits, the execution ended, or its turn is over; *work* is done first."""
        if self.work is not None:
            self.worked(self.work, self.work())
        self.paused = False
        self._machine.begin_turn()
        while self._ready and self.outcome is None and not self.paused:
            turn = self._ready.popleft()
            if not turn.resumed:
                self._hash = hashlib.blake2b(
                    self._hash + turn.task.strand.path.encode(), digest_size=8
                ).digest()
            try:
                self._resume(turn)
            except RecursionError:
                self.outcome = Outcome(failure=limit("values or calls are nested too deeply"))

    def worked(self, work: Working, outcome: Outcome) -> None:
        """Go on with what came of *work*, in the place where it was asked for."""
        self.work = None
        self._ready.appendleft(_Turn(work.task, outcome.value, outcome.failure, resumed=True))

    def _resume(self, turn: _Turn) -> None:
        task = turn.task
        try:
            if turn.failure is not None:
                request = task.steps.throw(turn.failure)
            else:
                request = task.steps.send(turn.value)
        except StopIteration as stop:
            self._ended(task, Outcome(stop.value))
        except Fatal as failure:
            self.outcome = Outcome(failure=failure)
        except Failure as failure:
            self._ended(task, Outcome(failure=failure))
        else:
            self._requested(task, request)

    def _requested(self, task: _Task, request: Operation | Fork | Work | Pause) -> None:
        if isinstance(request, Pause):
            self._ready.appendleft(_Turn(task, resumed=True))
            self.paused = True
            return
        if isinstance(request, Work):
            self.work, self.paused = Working(task, request.compute), True
            return
        op = task.strand.next_operation()
        if isinstance(request, Fork):
            self._fork(task, op, request)
            return
        try:
            hashed = within("the arguments", digest, request.arguments)
        except Failure as failure:
            self._ready.append(_Turn(task, failure=failure))
            return
        pending = Pending(op, request, hashed, task, self.recorded(op, request.kind, hashed))
        self.pending[op] = pending
        if pending.record is None:
            self.host.start_operation(self, pending)

    def _fork(self, task: _Task, path: str, fork: Fork) -> None:
        count = len(fork.branches)
        if count == 0:
            self._ready.append(_Turn(task, []))
            return
        join = _Join(
            task,
            path,
            min(fork.limit or _STRANDS_MAX, _STRANDS_MAX),
            deque(enumerate(fork.branches)),
            [None] * count,
            count,
        )
        self._joins.append(join)
        # A strand that only waits for its branches does not take the place of one that runs.
        self._active -= task.join is not None
        self._fill()

    def _fill(self) -> None:
        """Start branches where there is room, in the order of the steps and of their branches."""
        for join in self._joins:
            while join.queue and join.running < join.limit and self._active < _STRANDS_MAX:
                at, begin = join.queue.popleft()
                parent = join.waiting.strand
                strand = Strand(f"{join.path}.{at}", self._context, parent.nesting + 1)
                join.running += 1
                self._active += 1
                self._ready.append(_Turn(_Task(strand, begin(strand), join, at)))

    def _ended(self, task: _Task, outcome: Outcome) -> None:
        join = task.join
        if join is None:
            self.outcome = outcome
            return
        if outcome.failure is not None:
            # Until all have ended, an error keeps its value, and not what its strand held when it was raised.
            join.failures[task.branch] = outcome.failure.alone()
        join.running -= 1
        join.left -= 1
        self._active -= 1
        if join.left == 0:
            self._joins.remove(join)
            self._active += join.waiting.join is not None
            self._ready.append(_Turn(join.waiting, join.failures))
        self._fill()
