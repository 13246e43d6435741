"""Decisions as figures: how many there were and how they came out, with labels from short lists alone."""

from collections.abc import Iterator

from shared.deciding import Decision
from shared.observability import Sample

TENANTS = "tenant"
"""What every policy of a tenant is called, and every rule of one: there are as many names as tenants care to give."""

WITHIN_US = (1_000, 5_000, 25_000, 100_000, 500_000)
"""The times that decisions are counted by: 5 ms is promised to 99 of 100, and at 500 ms a decision would be thrown away."""

DECISIONS = "waooaw_policy_decisions_total"
TOOK = "waooaw_policy_decision_duration_seconds_total"
WITHIN = "waooaw_policy_decisions_within_total"
MATCHED = "waooaw_policy_matched_rules_total"
DENIED = "waooaw_policy_denials_total"
OBLIGED = "waooaw_policy_obligations_total"


def counted(decision: Decision) -> Iterator[Sample]:
    """Yield by what one decision makes each figure larger."""
    own = _of_tenants(decision)
    routed = any(one.type == "sandbox_route" for one in decision.obligations)
    how = {
        "verdict": decision.verdict,
        "pep": decision.pep,
        "route": "sandbox" if routed else "production",
    }
    yield _one(DECISIONS, "Decisions of the rules, by verdict, place and route.", how)
    if decision.took_us is not None:
        at = {"pep": decision.pep}
        said = "Seconds spent on decisions."
        yield Sample(TOOK, said, decision.took_us / 1_000_000, at, "counter")
        for limit in WITHIN_US:
            if decision.took_us <= limit:
                within = {"le": f"{limit / 1_000_000:g}"}
                yield _one(WITHIN, "Decisions that took so many seconds at most.", within)
    for rule in dict.fromkeys(_named(*_parts(one), own) for one in decision.matched):
        yield _one(MATCHED, "Decisions by each rule that matched.", rule_of(rule))
    if decision.verdict == "deny":
        for rule in dict.fromkeys(_named(one.policy, one.rule, own) for one in decision.reasons):
            yield _one(DENIED, "Denials by each rule that denied.", rule_of(rule))
    for kind in dict.fromkeys(one.type for one in decision.obligations):
        yield _one(OBLIGED, "Decisions by each obligation that they carry.", {"type": kind})


def told(decision: Decision) -> dict[str, str | float]:
    """Return what the line of a request says of its decision: how it came out, by which rule, and how long that took."""
    said: dict[str, str | float] = {"verdict": decision.verdict}
    own = _of_tenants(decision)
    first = next(iter(decision.reasons), None)
    if first is not None:
        said["rule"] = "/".join(_named(first.policy, first.rule, own))
    if decision.took_us is not None:
        said["decision_ms"] = decision.took_us / 1000
    return said


def rule_of(named: tuple[str, str]) -> dict[str, str]:
    """Return the labels of a rule."""
    return {"policy": named[0], "rule": named[1]}


def _of_tenants(decision: Decision) -> frozenset[str]:
    """Return the policies of a tenant that were asked, by their names."""
    asked = (one.partition("/") for one in decision.asked)
    return frozenset(name.partition(":")[0] for whose, _, name in asked if whose == TENANTS)


def _parts(matched: str) -> tuple[str, str]:
    policy, _, rule = matched.partition("/")
    return policy, rule


def _named(policy: str, rule: str, own: frozenset[str]) -> tuple[str, str]:
    return (TENANTS, TENANTS) if policy in own else (policy, rule)


def _one(name: str, says: str, labels: dict[str, str]) -> Sample:
    return Sample(name, says, 1, labels, "counter")
