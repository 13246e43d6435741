"""What is done for each element, one after the other or at the same time; and the branches of a parallel step."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

from local.workflows.boundary import within
from local.workflows.errors import Failure, limit, raised
from local.workflows.expressions import evaluate
from local.workflows.history import Part
from local.workflows.outcomes import unhandled
from local.workflows.program import BREAK, CONTINUE, Block, For, Jump, Parallel
from local.workflows.scopes import Frame, Scope
from local.workflows.strands import Fork, Running, Strand
from local.workflows.values import INTEGER_MAX, Value, is_number, type_name

if TYPE_CHECKING:
    from local.workflows.interpreter import Machine, Stepping

_ITERATIONS_MAX = 100_000
_NESTING_MAX = 2


def repeated(machine: Machine, loop: For, scope: Scope) -> Stepping:
    """Repeat in order."""
    items = yield from elements(loop, scope)
    frame, block, names = scope.frame, loop.block, loop.block.names
    memory, billed = machine.memory, machine.billed
    part = Part(machine.recorder, frame, "FOR_ITERATION")
    for at, item in enumerate(items):
        machine.count()
        billed.internal += 1
        values = {loop.value: item}
        memory.assigned(item)
        if loop.index is not None:
            values[loop.index] = at
            memory.assigned(at)
        with part:
            signal = yield from machine.block(block, Scope(frame, names, values, scope))
        if signal is None:
            continue
        if isinstance(signal, Jump) and signal.target == BREAK:
            break
        if not (isinstance(signal, Jump) and signal.target == CONTINUE):
            return signal
    return None


def elements(loop: For, scope: Scope) -> Generator[Any, Any, Iterator[Value]]:
    """Return what a loop goes over."""
    if loop.items is not None:
        items = yield from evaluate(loop.items, scope)
        if not isinstance(items, list):
            raise raised("TypeError", f"'in' of a loop must be a list; got: {type_name(items)}")
        return iter(items)
    assert loop.range is not None  # noqa: S101 - the loader requires one of both
    bounds = yield from evaluate(loop.range, scope)
    if not isinstance(bounds, list) or len(bounds) != 2 or not all(map(is_number, bounds)):
        raise raised("TypeError", "the range of a loop must be a list of two numbers")
    first, last = bounds
    if isinstance(first, int):
        last = min(last, INTEGER_MAX)
    if isinstance(first, int) and isinstance(last, int):
        return iter(range(first, last + 1))
    return itertools.takewhile(lambda number: number <= last, itertools.count(first))


def parallel(machine: Machine, body: Parallel, scope: Scope) -> Stepping:
    """Run branches or iterations, then report all their errors as one."""
    if scope.frame.strand.nesting >= _NESTING_MAX:
        raise raised(
            "ParallelNestingError", f"parallel steps are nested deeper than {_NESTING_MAX}"
        )
    most = None
    if body.limit is not None:
        most = yield from evaluate(body.limit, scope)
        if not isinstance(most, int) or isinstance(most, bool) or most < 1:
            raise raised("ValueError", "concurrency_limit must be a positive integer")
    names, branches = [], []
    if body.loop is not None:
        loop = body.loop
        for at, item in enumerate((yield from elements(loop, scope))):
            if at == _ITERATIONS_MAX:
                raise limit(f"a parallel step has more than {_ITERATIONS_MAX} iterations")
            values = {loop.value: item, **({loop.index: at} if loop.index else {})}
            names.append(str(at))
            branches.append(_branch(machine, loop.block, values, scope, "FOR_ITERATION"))
    else:
        names = [branch.name for branch in body.branches]
        kind = "PARALLEL_BRANCH_ENTRY"
        branches = [
            _branch(machine, branch.block, {}, scope, kind, branch.name) for branch in body.branches
        ]
    failures: list[Failure | None] = yield Fork(branches, most)
    failed = [
        (name, failure)
        for name, failure in zip(names, failures, strict=True)
        if failure is not None
    ]
    if failed:
        raise within("a parallel step", unhandled, failed)
    return None


def _branch(
    machine: Machine,
    block: Block,
    values: dict[str, Value],
    scope: Scope,
    kind: str,
    name: str = "",
) -> Callable[[Strand], Running]:
    """Prepare a branch for the strand it will run on."""
    outer = scope.frame

    def run(strand: Strand) -> Running:
        machine.count()
        frame = Frame(machine, strand, outer.routine, outer.depth)
        frame.entry, frame.step = outer.entry, outer.step
        machine.memory.opened(values)
        with Part(machine.recorder, frame, kind, name):
            # The step knows how each branch begins until all have ended, and not what it holds.
            yield from machine.block(block, scope.inner(block, {**values}, frame))

    return run
