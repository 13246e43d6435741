"""
Execute steps, as generators that hand every wait to the scheduler.

Nothing here knows a clock, a journal or a network: a step that needs one yields an `Operation`,
a parallel step yields a `Fork`, and both are answered by the scheduler. That makes an execution a
function of its source, its argument and those answers, which is what a replay relies on.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from typing import Any, NamedTuple

from local.workflows import loops, retries
from local.workflows.billing import Steps
from local.workflows.boundary import within
from local.workflows.errors import Failure, Fatal, Raised, as_json, limit, raised
from local.workflows.expressions import LONGER, Node, evaluate, longer, stands
from local.workflows.functions import FUNCTIONS
from local.workflows.history import Part, Recorder
from local.workflows.memory import EIGHT_BYTES, Memory
from local.workflows.operators import boolean
from local.workflows.program import (
    END,
    Assign,
    Block,
    Body,
    Call,
    For,
    Jump,
    Nested,
    Parallel,
    Program,
    Raise,
    Return,
    Routine,
    Step,
    Switch,
    Target,
    Try,
)
from local.workflows.scopes import Frame, Scope
from local.workflows.strands import PAUSE, Fork, Operation, Pause, Running, Strand, Work
from local.workflows.values import (
    MEMORY_LIMIT,
    Value,
    changed,
    measured,
    string,
    type_name,
)

STEPS_MAX = 100_000
_DEPTH_MAX = 20
# How many steps run before other executions get their turn, and for how many seconds: whoever posts a callback waits for one.
_TURN_STEPS = 500
_TURN_S = 0.02


class Result(NamedTuple):
    """A value that ends the routine."""

    value: Value


Signal = Jump | Result | None
Stepping = Generator[Operation | Fork | Work | Pause, Any, Signal]


class Machine:
    """Execute one program once."""

    def __init__(self, program: Program, recorder: Recorder) -> None:
        self.program = program
        self.recorder = recorder
        self.steps = 0
        # Some steps are only counted, so that their number may pass this one unseen.
        self._pauses_at = _TURN_STEPS
        self._pauses_by = 0.0
        self.billed = Steps()
        self.memory = Memory()

    def begin_turn(self) -> None:
        """Have other executions get their turn a while from now."""
        self._pauses_by = time.monotonic() + _TURN_S

    def main(self, argument: Value, strand: Strand) -> Running:
        """Run main with the execution's argument."""
        routine = self.program.routines["main"]
        return self.call(routine, dict.fromkeys(routine.parameters, argument), strand, 1, None)

    def call(
        self,
        routine: Routine,
        values: Mapping[str, Value],
        strand: Strand,
        depth: int,
        parent: int | None,
    ) -> Running:
        """Run a routine to its end."""
        if depth > _DEPTH_MAX:
            raise raised("RecursionError", f"calls are nested deeper than {_DEPTH_MAX}")
        frame = Frame(self, strand, routine.name, depth)
        frame.entry = parent
        scope = Scope(frame, routine.block.names, dict(values), None)
        for name, default in routine.parameters.items():
            if name not in values and default is not None:
                scope.values[name] = yield from evaluate(default, scope)
        self.memory.enter(scope)
        try:
            signal = yield from self.block(routine.block, scope)
        finally:
            self.memory.leave(scope)
        return signal.value if isinstance(signal, Result) else None

    def count(self) -> None:
        """Count a step."""
        self.steps += 1
        if self.steps > STEPS_MAX:
            raise _too_many()

    def block(self, block: Block, scope: Scope, into: str | None = None) -> Stepping:
        """Run the steps of a block, from *into* on; a jump it does not know is for the enclosing one."""
        at, steps = 0 if into is None else block.index[into], block.steps
        while at < len(steps):
            signal = yield from self.step(steps[at], scope, into)
            into = None
            if signal is None:
                at += 1
            elif isinstance(signal, Jump) and signal.target in block.index:
                into = signal.target
                at = block.index[into]
            elif isinstance(signal, Jump) and signal.target == END:
                return Result(None)
            else:
                return signal
        return None

    def step(self, step: Step, scope: Scope, into: str | None = None) -> Stepping:
        """Run one step, note it, and add it to the trace of an error; *into* may be a step nested in it."""
        self.steps = steps = self.steps + 1
        if steps > STEPS_MAX:
            raise _too_many()
        if steps >= self._pauses_at or time.monotonic() > self._pauses_by:
            self._pauses_at = steps + _TURN_STEPS
            yield PAUSE
        frame, body = scope.frame, step.body
        parent, outer = frame.entry, frame.step
        entry = self.recorder.begin(frame, step.name, step.kind, parent)
        frame.entry, frame.step = entry, step.name
        signal: Signal = None
        try:
            if type(body) is Assign and body.plain:
                for target, node in body.assignments:
                    self.computed(target.name, node, scope)
            elif into is None or into == step.name or not isinstance(body, Nested):
                signal = yield from self.body(body, scope)
            else:
                signal = yield from self.block(body.block, scope, into)
        except Failure as failure:
            failure.stands(body.position if body else step.position, frame)
            failure.passes(step.name, frame.routine, frame)
            self.recorder.end(entry, failure)
            raise
        finally:
            frame.entry, frame.step = parent, outer
        self.recorder.end(entry, None)
        if signal is None and step.next is not None:
            return step.next
        return signal

    def body(self, body: Body | None, scope: Scope) -> Stepping:  # noqa: C901, PLR0911, PLR0912 - one case for each kind
        """Do what a step says."""
        match body:
            case Assign():
                for target, node in body.assignments:
                    if node.suspends or target.path:
                        self.billed.internal += 1
                        yield from self.change(target, (yield from evaluate(node, scope)), scope)
                    else:
                        self.computed(target.name, node, scope)
                return None
            case Call():
                return (yield from self.call_step(body, scope))
            case Switch():
                return (yield from self.switch(body, scope))
            case For():
                return (yield from loops.repeated(self, body, scope))
            case Nested():
                return (yield from self.block(body.block, scope))
            case Return():
                return Result((yield from evaluate(body.value, scope)))
            case Raise():
                value = yield from evaluate(body.error, scope)
                if not isinstance(value, str | dict):
                    got = type_name(value)
                    raise raised("TypeError", f"raise needs a string or a map; got: {got}")
                raise Raised(within("an error", _tellable, value))
            case Try():
                return (yield from self.attempt(body, scope))
            case Parallel():
                return (yield from loops.parallel(self, body, scope))
            case None:
                return None

    def computed(self, name: str, node: Node, scope: Scope) -> None:
        """Set a variable to what is computed without waiting."""
        self.billed.internal += 1
        try:
            value = node.value(scope)
        except Failure as failure:
            stands(failure, node, scope)
            raise
        if type(value) not in EIGHT_BYTES:
            self.assign(name, value, scope, longer(node, name) if type(value) is list else None)
            return
        # Numbers are what loops count in.
        memory = self.memory
        memory.taken += 8
        scope.set(name, value)
        if memory.taken > MEMORY_LIMIT:
            memory.check(scope)

    def change(self, target: Target, value: Value, scope: Scope) -> Running:
        """Store a value in a variable or a part of one, and check that all variables together fit."""
        if not target.path:
            self.assign(target.name, value, scope)
            return None
        path = []
        for node in target.path:
            path.append((yield from evaluate(node, scope)))  # noqa: PERF401 - it may wait
        before = scope.get(target.name)
        whole = within("an assignment", changed, before, path, value)
        self.memory.changed(before, whole, path, value)
        scope.set(target.name, whole)
        if self.memory.taken > MEMORY_LIMIT:
            self.memory.check(scope)
        return None

    def assign(self, name: str, value: Value, scope: Scope, new: int | None = None) -> None:
        """
        Store a value, and check that all variables together fit.

        *new* is where the new element is, if the value is the list that the variable holds with one more.
        """
        memory = self.memory
        if new is not None:
            memory.longer(scope.get(name), value, value[new])
        else:
            if isinstance(value, str):
                string(value)
            memory.assigned(value)
        scope.set(name, value)
        if memory.taken > MEMORY_LIMIT:
            memory.check(scope)

    def call_step(self, call: Call, scope: Scope) -> Stepping:
        """Call a function or a subworkflow."""
        values = {}
        for name, node in call.arguments.items():
            values[name] = yield from evaluate(node, scope)
        frame = scope.frame
        self.billed.call(call.name, values)
        if call.function is None:
            routine = self.program.routines[call.name]
            result = yield from self.call(
                routine, values, frame.strand, frame.depth + 1, frame.entry
            )
        else:
            if call.function.long is None:
                result = call.function(frame.context, values)
            else:
                result = yield from retries.computed(call.function, frame.context, values)
            if call.function.waits:
                kept = call.result is not None
                result = yield from retries.waited(call.function.waits, result, kept=kept)
        if call.result is not None:
            if call.result.path:
                yield from self.change(call.result, result, scope)
            else:
                name = call.result.name
                grows = call.name in LONGER and scope.holds(name, values["objs"])
                self.assign(name, result, scope, LONGER[call.name] if grows else None)
        return None

    def switch(self, switch: Switch, scope: Scope) -> Stepping:
        """Take the first case that holds."""
        part = Part(self.recorder, scope.frame, "CONDITION")
        for case in switch.cases:
            self.billed.internal += 1
            with part:
                value = yield from evaluate(case.condition, scope)
                if not boolean(value, "the condition of a switch"):
                    continue
                try:
                    signal = yield from self.body(case.body, scope)
                except Failure as failure:
                    failure.stands(case.body.position if case.body else case.position, scope.frame)
                    raise
            if signal is None and case.next is not None:
                return case.next
            return signal
        return None

    def attempt(self, body: Try, scope: Scope) -> Stepping:
        """Try, retry as the policy says, then handle."""
        attempt, frame = 0, scope.frame
        trying, again = Part(self.recorder, frame, "TRY"), Part(self.recorder, frame, "RETRY")
        while True:
            self.count()
            try:
                with trying:
                    signal = yield from self.body(body.body, scope)
            except Failure as error:
                error.stands(body.body.position, scope.frame)
                if not isinstance(error, Raised):
                    raise
                failure = error
            else:
                return body.next if signal is None else signal
            if body.retry is not None:
                self.count()
                with again:
                    given = yield from evaluate(body.retry, scope)
                    policy = within("a retry policy", retries.policy, given)
                    if attempt < policy.max_retries and (
                        yield from self.predicate(policy.predicate, failure.value, scope)
                    ):
                        yield Operation("backoff", {"seconds": policy.delay_s(attempt)})
                        attempt += 1
                        continue
            break
        if body.handler is None:
            raise failure
        self.count()
        handler = body.handler
        values = {handler.name: failure.value} if handler.name else {}
        self.memory.opened(values)
        with Part(self.recorder, frame, "EXCEPT"):
            signal = yield from self.body(handler.body, scope.inner(handler, values))
        return handler.next if signal is None else signal

    def predicate(self, name: str, error: Value, scope: Scope) -> Generator[Any, Any, bool]:
        """Ask whether an error is worth another attempt."""
        function = FUNCTIONS.get(name)
        if function is not None:
            answer = function(scope.frame.context, [error])
        else:
            answer = yield from scope.frame.call(name, [error])
        return boolean(answer, "what a retry predicate returns")


def _too_many() -> Fatal:
    return limit(f"the execution took more than {STEPS_MAX} steps")


def _tellable(value: Value) -> Value:
    """Return the value of an error that can be written down, as it will be if nothing handles it."""
    as_json(measured(value))
    return value
