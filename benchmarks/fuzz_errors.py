"""
Raise anything through handlers, retries and branches, and answer who polls with anything.

    python -m benchmarks.fuzz_errors --calls 200000

Each is so many programs that raise a value, and so many connectors whose operation is answered with documents that no
service would send. What comes of one is a value of the language, what was raised, or an error of the language that can
be told as the Executions API does; anything else is a flaw.
"""

import argparse
import json
import logging
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

from benchmarks.fuzz_workflows import Found, Outside, Values, flaw
from local.workflows.boundary import within
from local.workflows.errors import TAGS, Failure, Raised, raised
from local.workflows.functions import REQUIRED, Function
from local.workflows.functions.connectors import find
from local.workflows.history import Recorder
from local.workflows.interpreter import Machine
from local.workflows.loader import load
from local.workflows.outcomes import error_json, result_json
from local.workflows.program import Program
from local.workflows.retries import waited
from local.workflows.strands import Fork, Operation, Running, Strand
from local.workflows.values import Value, digest, measured

ASKED_MAX = 40
LARGE = 0.001
_RETRIES = (
    "",
    "'${http.default_retry}'",
    "'${http.default_retry_non_idempotent}'",
    "{predicate: '${http.default_retry_predicate}', max_retries: 2}",
    "{predicate: '${retry.never}', max_retries: 2}",
    "{predicate: '${asks}', max_retries: 2, backoff: '${a.policy}'}",
    "{predicate: '${a.policy}', max_retries: 2}",
    "{predicate: '${raises}', max_retries: '${a.policy}'}",
    "'${a.policy}'",
)
_HANDLERS = (
    "",
    "{return: '${e}'}",
    "{raise: '${e}'}",
    "{return: '${[e.message, e.tags[0], e.code]}'}",
    "{return: '${string(e) + \"!\"}'}",
    "{return: '${json.encode_to_string(e)}'}",
    "{switch: [{condition: '${\"HttpError\" in e.tags and e.code >= 500}', return: 1}]}",
    "{raise: '${map.merge(e, a.raised)}'}",
    "{assign: [{e.tags: '${a.policy}'}, {a.raised.message: '${e}'}, {'e[a.policy]': 1}]}",
    "{return: '${default(map.get(e, a.policy), keys(e))}'}",
)
_PLACES = (
    "{raise: '${a.raised}'}",
    "{call: raises, args: {e: '${a.raised}'}}",
    "{steps: [{p: {parallel: {for: {value: v, in: [1, 2], steps: [{x: {raise: '${a.raised}'}}]}}}}]}",
    "{steps: [{p: {parallel: {branches: [{l: {steps: [{x: {raise: '${a.raised}'}}]}}, {r: {steps: [{y: {assign: [{z: 1}]}}]}}]}}}]}",
    "{steps: [{x: {for: {value: v, in: '${[a.raised]}', steps: [{y: {raise: '${v}'}}]}}}]}",
)
_ROUTINES = """
asks: {params: [e], steps: [{s: {return: '${e.code == 503 or "ConnectionError" in e.tags}'}}]}
raises: {params: [e], steps: [{s: {raise: '${e}'}}]}
"""
_CONNECTORS = (
    *("compute.v1.instances.insert", "bigquery.v2.jobs.insert"),
    *("batch.v1.projects.locations.jobs.create", "run.v2.projects.locations.services.create"),
    *("transcoder.v1.projects.locations.jobs.create", "cloudbuild.v1.projects.builds.create"),
    *("aiplatform.v1.projects.locations.customJobs.create", "sqladmin.v1.instances.insert"),
)
_MEMBERS = ("name", "done", "error", "response", "status", "state", "selfLink", "errorResult")
_LIKELY: tuple[Value, ...] = (
    *(
        True,
        False,
        "true",
        1,
        None,
        "DONE",
        "RUNNING",
        "SUCCEEDED",
        "FAILED",
        "JOB_STATE_SUCCEEDED",
    ),
    *(
        "operations/1",
        "projects/p/operations/2",
        "https://x/compute/v1/o?alt=json",
        "//",
        "http://[",
        "",
    ),
    *({"code": 5, "message": "no"}, {"message": ["no"]}, {"state": "DONE"}, {"state": 1}, [], {}),
)


@cache
def _program(place: str, retry: str, handler: str) -> Program:
    """Load what fails at a place, tries again and handles."""
    again = f", retry: {retry}" if retry else ""
    handled = f", except: {{as: e, steps: [{{h: {handler}}}]}}" if handler else ""
    body = f"{{try: {place}{again}{handled}}}" if again or handled else place
    source = f"main: {{params: [a], steps: [{{t: {body}}}, {{r: {{return: '${{a}}'}}}}]}}\n"
    return load(source + _ROUTINES, "f")


class Errors:
    """Make programs fail and polls go wrong, each from the seed and the ones before."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._values = Values(self._chance, LARGE)
        known = {name: find(f"googleapis.{name}") for name in _CONNECTORS}
        self._connectors = {name: one for name, one in known.items() if one is not None}

    def run(self, kind: str, count: int) -> Found:
        """Do so many of a kind: `raise` or `poll`."""
        found = Found()
        make = {"raise": self._raise, "poll": self._poll}[kind]
        for _ in range(count):
            found.of(*make())
        return found

    # --- what is raised -----------------------------------------------------------------------

    def _raise(self) -> tuple[str, Callable[[], str]]:
        program = _program(*(self._chance.choice(some) for some in (_PLACES, _RETRIES, _HANDLERS)))
        given = {"raised": self._error(), "policy": self._values.any(1)}

        def act() -> str:
            machine = Machine(program, Recorder(lambda: 0, 0, (), parts=True))
            try:
                value = _driven(machine.main(given, _strand()), lambda _: None)
            except Failure as failure:
                _told(failure)
                return ""
            within("the result", result_json, value)
            return flaw(value, given)

        return "raise", act

    def _error(self) -> Value:
        """Make what is raised: like an error of the language with something odd in it, or anything."""
        chance = self._chance
        if chance.random() < 0.3:
            return self._values.any()
        names = ("message", "tags", "code", "headers", "body", "operation", "branches")
        made: dict[str, Value] = {
            name: self._values.any(2) for name in names if chance.random() < 0.5
        }
        if chance.random() < 0.5:
            made["tags"] = [chance.choice((*sorted(TAGS), self._values.any(0)))]
        if chance.random() < 0.4:
            made["code"] = chance.choice((429, 502, 503, 504, 404, 503.0, "503", True))
        return made

    # --- what is answered ---------------------------------------------------------------------

    def _poll(self) -> tuple[str, Callable[[], str]]:
        name, function = self._chance.choice(sorted(self._connectors.items()))
        answers = [self._answer() for _ in range(self._chance.choice((1, 2, 3, 5)))]
        given = self._arguments(function)

        def act() -> str:
            asked = 0

            def answered(operation: Operation) -> Value:
                nonlocal asked
                if operation.kind != "connector":
                    return None
                asked += 1
                answer = answers[min(asked, len(answers)) - 1]
                if asked > ASKED_MAX:
                    raise _EnoughError
                if isinstance(answer, Failure):
                    raise answer
                return answer

            try:
                request = function(Outside(), given)
                value = _driven(waited("connector", request), answered)
            except _EnoughError:
                return ""
            return "" if any(value is one for one in answers) else "it is no answer"

        return name, act

    def _arguments(self, function: Function) -> dict[str, Value]:
        chance, inside = self._chance, ("initial_delay", "max_delay", "multiplier")
        given: dict[str, Value] = {
            name: "x" for name, default in function.parameters.items() if default is REQUIRED
        }
        if chance.random() < 0.5:
            policy = {n: self._number() for n in inside if chance.random() < 0.7}
            given["connector_params"] = {"polling_policy": policy, "timeout": self._number()}
        return given

    def _number(self) -> Value:
        return self._chance.choice((1, 0.5, 60, 1e6, self._values.any(0)))

    def _answer(self) -> Value:
        """Make what a service answers: an operation with something odd in it, anything, or an error."""
        chance = self._chance
        if chance.random() < 0.1:
            return raised("HttpError", "no", code=chance.choice((404, 429, 503, 500)))
        if chance.random() < 0.15:
            return self._values.body()
        return {
            name: chance.choice(_LIKELY) if chance.random() < 0.8 else self._values.body()
            for name in _MEMBERS
            if chance.random() < 0.6
        }


class _EnoughError(Exception):
    """Stop asking: whoever is told to wait that long would wait."""


def _strand(path: str = "0", nesting: int = 0) -> Strand:
    return Strand(path, lambda _: Outside(), nesting)


def _driven(running: Running, answered: Callable[[Operation], Value]) -> Value:
    """Run to the end; every wait is over at once, and branches run one after the other."""
    given: Any = None
    failure: Failure | None = None
    while True:
        try:
            asked = running.send(given) if failure is None else running.throw(failure)
        except StopIteration as stop:
            return stop.value
        given, failure = None, None
        if isinstance(asked, Fork):
            given = [_failed(branch, answered) for branch in asked.branches]
        elif isinstance(asked, Operation):
            within("the arguments", digest, asked.arguments)
            if not 0 <= asked.arguments.get("seconds", 0) <= 31_536_000:
                raise RuntimeError(f"it waits {asked.arguments['seconds']}")
            try:
                given = answered(asked)
            except Failure as error:
                failure = Raised(error.value)


def _failed(
    branch: Callable[[Strand], Running], answered: Callable[[Operation], Value]
) -> Failure | None:
    try:
        _driven(branch(_strand("0:0.0", 1)), answered)
    except Failure as failure:
        return failure
    return None


def _told(failure: Failure) -> None:
    """Tell an error as the Executions API does."""
    told = json.loads(error_json(failure))
    json.loads(told["payload"])
    measured(failure.value)


def main() -> int:
    """Do as many of each as are asked for, and return 1 if a flaw was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz_errors")
    parser.add_argument("--calls", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    sys.setrecursionlimit(6000)
    flaws: Counter[str] = Counter()
    for kind in ("raise", "poll"):
        began = time.perf_counter()
        found = Errors(asked.seed).run(kind, asked.calls)
        flaws.update(found.flaws)
        print(f"{kind}: {found.calls:,} in {time.perf_counter() - began:,.0f} s")
        print(f"  {found.values:,} ended; errors: {dict(found.tags.most_common())}")
        print(f"  the slowest took {found.slowest_s * 1000:,.0f} ms: {found.slowest}")
    print(f"{flaws.total():,} flaws")
    for sentence, count in flaws.most_common(100):
        print(f"  {count} × {sentence}")
    return 1 if flaws else 0


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    sys.exit(main())
