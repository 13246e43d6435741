"""Programs made at random, and an outside that answers them in an order made at random."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from local.workflows.authority import Deployed
from local.workflows.history import Recorder
from local.workflows.loader import load
from local.workflows.program import Program
from local.workflows.scheduler import FATAL, RAISED, RAN, Outcome, Pending, Record, Run
from local.workflows.values import Value, digest, dump

Command = tuple[str, str, str]


class Author:
    """Write a program of every kind of step, with what it needs of loops, branches and handlers."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._names = 0
        self._left = chance.randint(3, 16)

    def source(self) -> str:
        """Return a source."""
        sub = self._steps(1, 2, "n", parallel=2)
        self._left = max(self._left, 3)
        main = self._steps(1, 0, "x", parallel=0)
        return (
            "main:\n  steps:\n    - init: {assign: [{x: 0}, {y: 1}]}\n"
            f"{main}    - end_of_main: {{return: '${{x}}'}}\n"
            f"sub:\n  params: [n]\n  steps:\n{sub}    - end_of_sub: {{return: '${{n + 1}}'}}\n"
        )

    def _name(self) -> str:
        self._names += 1
        return f"s{self._names}"

    def _steps(self, indent: int, depth: int, name: str, *, parallel: int) -> str:
        count = self._chance.randint(1, 4)
        return "".join(self._step(indent + 1, depth, name, parallel) for _ in range(count))

    def _step(self, indent: int, depth: int, x: str, parallel: int) -> str:
        self._left -= 1
        kinds: list[Callable[..., str]] = [self._wait, self._wait, self._instant, self._assign]
        if depth < 3 and self._left > 0:
            kinds += [self._loop, self._attempt, self._choice]
            kinds += [self._branches] * (3 if parallel < 2 else 0)
            kinds += [self._call] if x == "x" else []
        text = self._chance.choice(kinds)(indent, depth, x, parallel)
        return "".join(f"{'  ' * indent}{line}\n" for line in text.splitlines())

    def _wait(self, *_: Any) -> str:
        seconds = self._chance.randint(0, 9)
        body = f"{{call: http.get, args: {{url: 'http://x/{seconds}'}}}}"
        if self._chance.random() < 0.5:
            body = f"{{call: sys.sleep, args: {{seconds: {seconds}}}}}"
        return f"- {self._name()}: {body}"

    def _instant(self, *_: Any) -> str:
        call = self._chance.choice(["uuid.generate()", "sys.now()", 'sys.get_env("A")'])
        name = self._name()
        return f"- {name}: {{assign: [{{t{name}: '${{{call}}}'}}]}}"

    def _assign(self, _indent: int, _depth: int, x: str, _parallel: int) -> str:
        return f"- {self._name()}: {{assign: [{{{x}: '${{{x} * 3 + {self._chance.randint(1, 5)}}}'}}]}}"

    def _call(self, _indent: int, _depth: int, x: str, _parallel: int) -> str:
        return f"- {self._name()}: {{assign: [{{{x}: '${{{x} + sub(1) - sub(2)}}'}}]}}"

    def _loop(self, _indent: int, depth: int, x: str, parallel: int) -> str:
        most, inner = self._chance.randint(1, 3), self._steps(1, depth + 1, x, parallel=parallel)
        name = self._name()
        return f"- {name}:\n    for:\n      value: v{name}\n      range: [1, {most}]\n      steps:\n{_in(inner, 2)}"

    def _attempt(self, _indent: int, depth: int, x: str, parallel: int) -> str:
        inner = self._steps(1, depth + 1, x, parallel=parallel)
        policy = "{predicate: '${retry.always}', max_retries: 1, backoff: {initial_delay: 1}}"
        retry = f"    retry: {policy}\n" if self._chance.random() < 0.3 else ""
        handler = f"    except: {{as: e, steps: [{{{self._name()}: {{assign: [{{{x}: 7}}]}}}}]}}"
        return f"- {self._name()}:\n    try:\n      steps:\n{_in(inner, 2)}{retry}{handler}"

    def _choice(self, _indent: int, depth: int, x: str, parallel: int) -> str:
        inner = self._steps(1, depth + 1, x, parallel=parallel)
        condition = f"'${{{x} % 2 == 0}}'"
        return f"- {self._name()}:\n    switch:\n      - condition: {condition}\n        steps:\n{_in(inner, 3)}"

    def _branches(self, _indent: int, depth: int, x: str, parallel: int) -> str:
        text = f"- {self._name()}:\n    parallel:\n      shared: [{x}]\n"
        if self._chance.random() < 0.5:
            inner = self._steps(1, depth + 1, x, parallel=parallel + 1)
            text += f"      concurrency_limit: {self._chance.randint(1, 4)}\n"
            text += f"      for:\n        value: v{self._name()}\n        in: [1, 2, 3]\n        steps:\n"
            return text + _in(inner, 3)
        text += "      branches:\n"
        for _ in range(self._chance.randint(2, 3)):
            inner = self._steps(1, depth + 1, x, parallel=parallel + 1)
            text += f"        - {self._name()}:\n            steps:\n{_in(inner, 5)}"
        return text


def _in(text: str, levels: int) -> str:
    return "".join(f"{'  ' * levels}{line}\n" for line in text.splitlines())


class Watched(Run):
    """A run that remembers what it asked for, in the order it asked."""

    commands: list[Command]

    def recorded(self, op: str, kind: str, args_hash: str) -> Record | None:
        self.commands.append((op, kind, args_hash))
        return super().recorded(op, kind, args_hash)

    def settle(self) -> None:
        """Go on until everything waits, or until the end."""
        self.advance()
        while self.paused:
            self.advance()


class Outside:
    """Everything around a run: it keeps a journal, and chooses what is answered next."""

    def __init__(self, program: Program, chance: random.Random | None = None) -> None:
        self.program = program
        self._chance = chance
        self.journal: dict[str, Record] = {}
        self.delivered: list[str] = []

    def seconds(self) -> float:
        return 1.5 * len(self.journal)

    def instant(
        self, run: Run, op: str, kind: str, arguments: Value, compute: Callable[[], Value]
    ) -> Value:
        value = compute()
        hashed = digest(arguments)
        self.journal[op] = Record(op, kind, hashed, None, None, None, RAN, dump(value), None)
        return value

    def start_operation(self, run: Run, pending: Pending) -> None:
        kind, hashed = pending.operation.kind, pending.args_hash
        self.journal[pending.op] = Record(
            pending.op, kind, hashed, None, None, None, None, None, None
        )

    def create_callback(self, run: Run, op: str, method: str) -> Value:
        raise AssertionError("the programs open no callbacks")

    def log(self, run: Run, op: str, severity: str, data: Value) -> None:
        raise AssertionError("the programs log nothing")

    def run(self, history: list[Record], kind: type[Watched] = Watched) -> Watched:
        """Make a run that stands before its first step."""
        recorder = Recorder(lambda: 0, 0, (), parts=True)
        found = kind.__new__(kind)
        found.commands = []
        given = ("e", Deployed("w", ""), self.program, None, {"A": "a"}, recorder, history, self)
        found.__init__(*given)  # type: ignore[misc]
        return found

    def answered(self, run: Watched, order: list[str] | None = None) -> None:
        """Answer until the execution ended, in the order that is given or by chance."""
        run.settle()
        while run.outcome is None:
            self.deliver(run, order.pop(0) if order else self._chosen(run))
            run.settle()

    def _chosen(self, run: Run) -> str:
        assert self._chance is not None
        return self._chance.choice(sorted(run.pending))

    def deliver(self, run: Run, op: str) -> None:
        ok, value = answer(op, run.pending[op].operation.kind)
        started = self.journal[op]
        seq, schedule = run.seq + 1, run.schedule_hash
        self.journal[op] = replace(
            started, seq=seq, ok=ok, value=dump(value), schedule_hash=schedule
        )
        self.delivered.append(op)
        run.deliver(op, ok, value)


def answer(op: str, kind: str) -> tuple[int, Value]:
    """Answer an operation, by its name: mostly well."""
    chance = random.Random(op)
    if kind == "http" and chance.random() < 0.2:
        return RAISED, {"message": "broke", "tags": ["ConnectionError"]}
    if kind == "http" and chance.random() < 0.01:
        return FATAL, {"message": "too large", "tags": ["ResourceLimitError"]}
    return RAN, {"code": 200, "body": chance.randint(0, 9)} if kind == "http" else None


def recording(seed: int) -> tuple[Outside, Watched]:
    """Write a program, run it, and return its outside and how it went."""
    chance = random.Random(seed)
    outside = Outside(load(Author(chance).source(), "w.yaml"), chance)
    run = outside.run([])
    outside.answered(run)
    return outside, run


def told(outcome: Outcome | None) -> Any:
    """Return an outcome in a form that can be compared."""
    assert outcome is not None
    return outcome.value, outcome.failure.value if outcome.failure else None
