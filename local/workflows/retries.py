"""How often and how soon a failed try is repeated."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from local.workflows.boundary import within
from local.workflows.errors import Raised, raised
from local.workflows.functions.basics import idempotent_predicate, non_idempotent_predicate
from local.workflows.functions.effects import CONSTANTS, YEAR_S
from local.workflows.functions.registry import Context, Function, expect
from local.workflows.polling import polled
from local.workflows.strands import Fork, Operation, Running, Strand, Work
from local.workflows.values import Reference, Value, type_name


@dataclass(frozen=True)
class Policy:
    """A retry policy whose parts were checked."""

    predicate: str
    max_retries: int
    initial_delay_s: float
    max_delay_s: float
    multiplier: float

    def delay_s(self, attempt: int) -> float:
        """Return how long to wait before retry number *attempt*, counted from 0."""
        try:
            grown = self.initial_delay_s * self.multiplier**attempt
        except OverflowError:
            grown = self.max_delay_s if self.initial_delay_s else 0.0
        return min(grown, self.max_delay_s)


def policy(value: Value) -> Policy:
    """Check a policy; what it leaves out, or has as null, is as in the predefined ones, and retries always."""
    parts = {k: v for k, v in expect(value, "retry", dict).items() if v is not None}
    backoff = expect(parts.get("backoff", {}), "backoff", dict)
    predicate = parts.get("predicate", Reference("retry.always"))
    if not isinstance(predicate, Reference):
        raise raised(
            "TypeError",
            f"predicate must name a function or subworkflow; got: {type_name(predicate)}",
        )
    return Policy(
        predicate.name,
        int(_number(parts, "max_retries", 5)),
        _number(backoff, "initial_delay", 1, YEAR_S),
        _number(backoff, "max_delay", 60, YEAR_S),
        _number(backoff, "multiplier", 1.25),
    )


def _number(parts: Mapping[str, Value], name: str, default: float, most: float = 1e9) -> float:
    value = default if parts.get(name) is None else expect(parts[name], name, int, float)
    if not 0 <= value <= most:
        raise raised("ValueError", f"{name} must lie between 0 and {most}")
    return float(value)


_BUILT_IN = policy(CONSTANTS["http.default_retry"])


def computed(
    function: Function, context: Context, given: dict[str, Value] | list[Value]
) -> Running:
    """Call a function that may take long: then others go on meanwhile."""
    if function.takes_long(given):
        return (yield Work(partial(function, context, given)))
    return function(context, given)


def waited(kind: str, arguments: Value, *, kept: bool = True) -> Running:
    """Wait for an operation; for a connector's, to the end of what it has begun."""
    if kind == "children":
        return (yield from _all(arguments))
    if kind != "connector":
        return (yield Operation(kind, arguments, kept))
    goes_on = "poll" in arguments
    answer = yield from _asked(arguments, kept=kept or goes_on)
    return (yield from polled(arguments, answer, _asked)) if goes_on else answer


def _asked(arguments: Value, *, kept: bool = True) -> Running:
    """Wait for the answer to a connector's request, repeated by the policy that every connector has."""
    built_in, attempt = _BUILT_IN, 0
    worth = idempotent_predicate if arguments["method"] == "GET" else non_idempotent_predicate
    while True:
        try:
            return (yield Operation("connector", arguments, kept))
        except Raised as failure:
            if attempt == built_in.max_retries or not within("a retry", worth, failure.value):
                raise
        yield Operation("backoff", {"seconds": built_in.delay_s(attempt)})
        attempt += 1


def _all(children: list[Value]) -> Running:
    """Wait for several executions at once; the first one's failure, in their order, is the failure."""
    results: list[Value] = [None] * len(children)

    def branch(at: int, arguments: Value) -> Callable[[Strand], Running]:
        def run(strand: Strand) -> Running:  # noqa: ARG001 - every branch is given its strand
            results[at] = yield Operation("child", arguments)

        return run

    failures = yield Fork([branch(at, one) for at, one in enumerate(children)], None)
    for failure in filter(None, failures):
        raise failure
    return results
