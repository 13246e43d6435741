"""How often and how soon a failed try is repeated."""

from dataclasses import dataclass

from local.workflows.errors import Raised, raised
from local.workflows.functions.basics import idempotent_predicate, non_idempotent_predicate
from local.workflows.functions.effects import CONSTANTS
from local.workflows.functions.registry import expect
from local.workflows.strands import Operation, Running
from local.workflows.values import Reference, Value, type_name

# An execution lasts a year at most.
_DELAY_MAX_S = 31_536_000.0


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
            grown = self.max_delay_s
        return max(0.0, min(grown, self.max_delay_s, _DELAY_MAX_S))


def policy(value: Value) -> Policy:
    """Check a policy; what it leaves out is as in the predefined ones, and retries always."""
    parts = expect(value, "retry", dict)
    backoff = expect(parts.get("backoff", {}), "backoff", dict)
    predicate = parts.get("predicate", Reference("retry.always"))
    if not isinstance(predicate, Reference):
        raise raised(
            "TypeError",
            f"predicate must name a function or subworkflow; got: {type_name(predicate)}",
        )
    return Policy(
        predicate.name,
        int(expect(parts.get("max_retries", 5), "max_retries", int, float)),
        float(expect(backoff.get("initial_delay", 1), "initial_delay", int, float)),
        float(expect(backoff.get("max_delay", 60), "max_delay", int, float)),
        float(expect(backoff.get("multiplier", 1.25), "multiplier", int, float)),
    )


def waited(kind: str, arguments: Value) -> Running:
    """Wait for an operation; a connector's is repeated by the policy that every connector has."""
    if kind != "connector":
        return (yield Operation(kind, arguments))
    built_in, attempt = policy(CONSTANTS["http.default_retry"]), 0
    worth = idempotent_predicate if arguments["method"] == "GET" else non_idempotent_predicate
    while True:
        try:
            return (yield Operation(kind, arguments))
        except Raised as failure:
            if attempt == built_in.max_retries or not worth(failure.value):
                raise
        yield Operation("backoff", {"seconds": built_in.delay_s(attempt)})
        attempt += 1
