"""A recorded history, replayed, asks for the same things in the same order; another engine is noticed."""

import os
import random
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from local.clock import Clock
from local.workflows import Runtime
from local.workflows.errors import DivergenceError
from local.workflows.scheduler import Record

from .conftest import until
from .programs import Outside, Watched, recording, told

# `REPLAYS=10000` replays as many; how many it were is printed.
REPLAYS = int(os.environ.get("REPLAYS", "500"))


def histories(count: int) -> Iterator[tuple[Outside, Watched]]:
    for seed in range(count):
        yield recording(seed)


def replayed(outside: Outside, history: list[Record], kind: type[Watched] = Watched) -> Watched:
    """Feed a history to a new run, to the end of the history."""
    run = Outside(outside.program).run(history, kind)
    run.settle()
    while run.replay():
        run.settle()
    return run


def test_the_same_history_gives_the_same_commands() -> None:
    kinds: Counter[str] = Counter()
    for outside, recorded in histories(REPLAYS):
        run = replayed(outside, list(outside.journal.values()))
        assert run.commands == recorded.commands
        assert run.schedule_hash == recorded.schedule_hash
        assert told(run.outcome) == told(recorded.outcome)
        kinds.update(kind for _, kind, _ in recorded.commands)
    said = f"{REPLAYS} histories with {sum(kinds.values())} commands replayed: {dict(kinds)}"
    sys.stdout.write(said)
    assert set(kinds) >= {"http", "sleep", "backoff", "uuid", "now", "env"}


def test_a_history_that_was_cut_is_continued_as_if_it_had_not_been() -> None:
    for seed, (outside, recorded) in enumerate(histories(REPLAYS // 4)):
        cut = random.Random(seed).randint(0, len(outside.delivered))
        first = Outside(outside.program)
        run = first.run([])
        run.settle()
        for op in outside.delivered[:cut]:
            first.deliver(run, op)
            run.settle()
        second = Outside(outside.program)
        # What is random or a time is as it was recorded; it is in the journal by then, or equal.
        second.journal = dict(first.journal)
        run = second.run(list(first.journal.values()))
        run.settle()
        while run.replay():
            run.settle()
        second.answered(run, outside.delivered[cut:])
        assert [op for op, _, _ in run.commands] == [op for op, _, _ in recorded.commands]
        assert run.schedule_hash == recorded.schedule_hash


class _Newest(deque[Any]):
    """A queue that serves who came last."""

    def popleft(self) -> Any:
        return self.pop()


class Backwards(Watched):
    """An engine whose scheduler was changed: the strand that became ready last runs first."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._ready = _Newest(self._ready)


def test_a_changed_scheduler_is_detected() -> None:
    detected = harmless = 0
    for outside, recorded in histories(REPLAYS // 4):
        try:
            run = replayed(outside, list(outside.journal.values()), Backwards)
        except DivergenceError:
            detected += 1
            continue
        # What was not detected may not have gone another way before its last delivery.
        harmless += 1
        before = [c for c in run.commands if c[0] in outside.journal]
        assert sorted(before) == sorted(recorded.commands)
    sys.stdout.write(f"a changed scheduler: {detected} histories refused, {harmless} the same")
    assert detected > REPLAYS // 20


@pytest.mark.parametrize("change", ["order", "kind", "arguments", "lost", "extra"])
def test_a_changed_history_is_detected(change: str) -> None:
    found = 0
    for outside, _ in histories(40):
        history = [r for r in outside.journal.values() if r.seq is not None]
        rest = [r for r in outside.journal.values() if r.seq is None]
        if len(history) < 2:
            continue
        found += 1
        history.sort(key=lambda r: r.seq or 0)
        with pytest.raises(DivergenceError):
            replayed(outside, rest + _changed(history, change))
    assert found > 10


def _changed(history: list[Record], change: str) -> list[Record]:
    first, second = history[0], history[1]
    match change:
        case "order":
            swapped = replace(first, seq=second.seq), replace(second, seq=first.seq)
            return [*swapped, *history[2:]]
        case "kind":
            return [replace(first, kind="other"), *history[1:]]
        case "arguments":
            return [replace(first, args_hash="0"), *history[1:]]
        case "lost":
            return history[1:]
        case _:
            # One more operation than there was, completed in between.
            later = [replace(r, seq=(r.seq or 0) + 1) for r in history[1:]]
            return [first, replace(second, op="9:9", seq=2), *later]


def _is_past(runtime: Runtime, deadline: datetime) -> bool:
    return runtime.next_deadline() != deadline


def test_time_never_runs_backwards_and_no_sleep_ends_early(
    start: Callable[..., Runtime], clock: Clock
) -> None:
    chance = random.Random(1)
    runtime = start()
    runtime.deploy(
        "nap",
        """
        main:
          params: [n]
          steps:
            - before: {assign: [{t: '${sys.now()}'}]}
            - nap: {call: sys.sleep, args: {seconds: '${n}'}}
            - r: {return: '${sys.now() - t - n}'}
        """,
    )
    naps = [chance.randint(60, 5000) for _ in range(20)]
    ids = [runtime.execute("nap", nap) for nap in naps]
    until(lambda: runtime.idle() and runtime.next_deadline() is not None)
    begun = clock.now()
    while (deadline := runtime.next_deadline()) is not None:
        assert deadline > begun
        before = clock.now()
        clock.jump(before - timedelta(days=1))
        assert clock.now() >= before
        # Sometimes short of it, sometimes far past it: then several are due at once.
        ahead = chance.choice([-1, 0, 0, 900])
        clock.jump(deadline + timedelta(seconds=ahead))
        if ahead >= 0:
            passed = partial(_is_past, runtime, deadline)
            until(passed)
        until(runtime.idle)
        if chance.random() < 0.2:
            runtime = start()
            until(runtime.idle)
    late = [float(runtime.wait(one, 5)["result"]) for one in ids]
    assert all(0 <= one < 902 for one in late)
