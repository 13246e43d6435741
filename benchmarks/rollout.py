"""
How long a deployment takes: its steps, of which some wait for others, laid into time by the rules of Pulumi's engine.

A step begins when all that it waits for is done and one of the workers is free. The engine saves its whole state before
each step and after it, one saving after the other, and the worker waits (`pkg/backend/snapshot.go`). Google lets only so
many things be done at once, and begin within a time; who comes too early waits, and keeps their worker.
"""

import heapq
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One resource."""

    name: str
    kind: str
    after: frozenset[str] = frozenset()
    """The names of what it waits for; a name that is no step is done."""

    works: bool = True
    """Whether there is anything to do; else it is done as soon as what it waits for is."""


@dataclass(frozen=True)
class Quota:
    """What Google lets be done at once, or, with a window, begin within so many seconds."""

    name: str
    most: float
    takes: Mapping[str, float]
    """How much of it a step of a kind takes."""

    source: str
    window_s: float = 0


@dataclass(frozen=True)
class Engine:
    """What the steps are done by."""

    workers: int
    seconds: Mapping[str, float]
    """How long a step of a kind takes by itself."""

    quotas: Sequence[Quota] = ()
    saving_s: float = 0
    """How long it takes to save the state once."""


@dataclass(frozen=True)
class Span:
    """When a step had what it needs, and when it was done."""

    began: float
    ended: float


class _Run:
    """A deployment under way: what was done when, and who waits for what."""

    def __init__(self, steps: Sequence[Step], engine: Engine) -> None:
        self.engine, self.now, self.spans = engine, 0.0, dict[str, Span]()
        self._idle, self._saved, self._numbered = engine.workers, 0.0, 0
        self._ready: deque[Step] = deque()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        names = {step.name for step in steps}
        self._lacks = {step.name: len(step.after & names) for step in steps}
        self._waiting: dict[str, list[Step]] = defaultdict(list)
        for step in steps:
            for name in step.after & names:
                self._waiting[name].append(step)
        self._used: dict[str, float] = defaultdict(float)
        self._begun: dict[str, deque[tuple[float, float]]] = defaultdict(deque)
        self._queued: deque[tuple[Step, Callable[[], None]]] = deque()
        for step in [step for step in steps if not self._lacks[step.name]]:
            self._come(step)

    def run(self) -> None:
        """Do all that can be done."""
        self._employ()
        while self._events:
            self.now, _, then = heapq.heappop(self._events)
            then()
            self._employ()

    def _employ(self) -> None:
        while self._ready and self._idle:
            self._idle -= 1
            self._begin(self._ready.popleft())

    def _come(self, step: Step) -> None:
        if step.works:
            self._ready.append(step)
        else:
            self._done(step, self.now)

    def _begin(self, step: Step) -> None:
        def work() -> None:
            began = self.now
            self._at(began + self.engine.seconds[step.kind], lambda: worked(began))

        def worked(began: float) -> None:
            self._leave(step)
            self._save(lambda: saved(began))

        def saved(began: float) -> None:
            self._idle += 1
            self._done(step, began)

        self._save(lambda: self._enter(step, work))

    def _done(self, step: Step, began: float) -> None:
        self.spans[step.name] = Span(began, self.now)
        for later in self._waiting[step.name]:
            self._lacks[later.name] -= 1
            if not self._lacks[later.name]:
                self._come(later)

    def _at(self, time: float, then: Callable[[], None]) -> None:
        self._numbered += 1
        heapq.heappush(self._events, (time, self._numbered, then))

    def _save(self, then: Callable[[], None]) -> None:
        self._saved = max(self.now, self._saved) + self.engine.saving_s
        self._at(self._saved, then)

    def _enter(self, step: Step, then: Callable[[], None]) -> None:
        """Begin where there is room among what is done at once, else when there is."""
        if self._queued or not self._room(step):
            self._queued.append((step, then))
        else:
            self._take(step, then)

    def _leave(self, step: Step) -> None:
        for quota in self._of(step, at_once=True):
            self._used[quota.name] -= quota.takes[step.kind]
        while self._queued and self._room(self._queued[0][0]):
            self._take(*self._queued.popleft())

    def _room(self, step: Step) -> bool:
        return all(
            self._used[one.name] + one.takes[step.kind] <= one.most
            for one in self._of(step, at_once=True)
        )

    def _take(self, step: Step, then: Callable[[], None]) -> None:
        for quota in self._of(step, at_once=True):
            self._used[quota.name] += quota.takes[step.kind]
        limits = self._of(step, at_once=False)
        time = max([self.now, *(self._free_at(one, one.takes[step.kind]) for one in limits)])
        for quota in limits:
            self._begun[quota.name].append((time, quota.takes[step.kind]))
        self._at(time, then)

    def _free_at(self, quota: Quota, units: float) -> float:
        """Return from when on a window has room for so much; nothing begins before what came first."""
        begun, within = self._begun[quota.name], units
        for began, taken in reversed(begun):
            within += taken
            if within > quota.most:
                return max(self.now, begun[-1][0], began + quota.window_s)
        return max(self.now, begun[-1][0]) if begun else self.now

    def _of(self, step: Step, *, at_once: bool) -> list[Quota]:
        return [
            one
            for one in self.engine.quotas
            if one.takes.get(step.kind) and bool(one.window_s) != at_once
        ]


def rolled_out(steps: Sequence[Step], engine: Engine) -> dict[str, Span]:
    """
    Return when each step is done, in seconds from the start.

    Raises:
        ValueError: Steps wait for each other in a circle.
    """
    run = _Run(steps, engine)
    run.run()
    if len(run.spans) < len(steps):
        raise ValueError(f"{len(steps) - len(run.spans)} steps wait for each other")
    return run.spans


def minutes(steps: Sequence[Step], engine: Engine) -> float:
    """Return how long all steps take."""
    return max((span.ended for span in rolled_out(steps, engine).values()), default=0.0) / 60
