"""
Compare what policies did in five minutes with the hour before (`capsules-plans.md` section 6).

A rate is compared by the difference of its two values in basis points. How often a rule matched is counted of what its
policy was put to: other acts than before are no other rules. Of how long deciding took the middle one is compared, as one
process that just began makes a mean of anything, and nothing that is as quick as is promised is a difference.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from shared.actors import Actor, id_in
from shared.deciding import Decision
from shared.errors import Conflict
from shared.policy.models.drift import DriftAlert, DriftType, Level, PolicyDrift
from shared.policy.rules.acts import beyond

BUCKET = timedelta(seconds=300)
BASELINE = timedelta(seconds=3_600)
LEAST_IN_BASELINE = 10
LEAST_IN_BUCKET = 5
WHOLE = 10_000

DEGRADED_BP = 1_000
BYPASS_BP = 500
BYPASS_COUNT = 5
UNEXPECTED_BP = 2_000
SLOWER_BP = 2_500
PROMISED_US = 5_000
"""What decides as quickly as that is as quick as is promised, however quick it was before."""

GAP_BP = 1_500
SKEW = timedelta(seconds=60)

_SEVERITIES: Sequence[tuple[int, Level]] = ((5_000, "critical"), (2_500, "high"), (1_500, "medium"))
_SUGGESTIONS: Mapping[DriftType, str] = {
    "compliance_degradation": "Look which rule denies more than before: GET /v1/policies/violations.",
    "policy_bypass": "Ask whoever was denied what they need, or look whether it is they.",
    "unexpected_behavior": "Look whether the rule was changed, or what is done is new; try it on recorded decisions.",
    "performance_drift": "Look which policy has grown, and whether processes wait for their CPU.",
    "coverage_gap": "Look whether what the rule is about is done in another way now.",
    "version_skew": "Look which process still decides by older rules, and have it start anew.",
}


def drifts(decisions: Sequence[Decision], *, until: datetime) -> tuple[PolicyDrift, ...]:
    """
    Return every drift in the hour before a moment, one of each kind, policy and metric: the largest.

    Args:
        decisions: Those of the two hours before it, in any order.

        until: The moment.
    """
    ordered = sorted(decisions, key=lambda one: one.evaluated_at)
    found: dict[tuple[str, str, str], PolicyDrift] = {}
    begin = until - BASELINE
    while begin + BUCKET <= until:
        bucket = _within(ordered, begin, begin + BUCKET)
        before = _within(ordered, begin - BASELINE, begin)
        for one in _in_bucket(bucket, before, begin):
            key = (one.drift_type, one.policy, one.metric)
            if key not in found or found[key].drift_bp <= one.drift_bp:
                found[key] = one
        begin += BUCKET
    return tuple(sorted(found.values(), key=lambda one: -one.drift_bp))


def alert(found: PolicyDrift, *, tenant: str, until: datetime, at: datetime) -> DriftAlert:
    """
    Return the alert of a drift: of the same kind, policy and metric it has the same id.

    Args:
        found: The drift.

        tenant: Whose policies differ.

        until: The end of the hour in which it was found.

        at: When it is kept.
    """
    name = f"policy drift {tenant} {found.drift_type} {found.policy} {found.metric}"
    return DriftAlert(
        id=id_in(tenant, str(uuid5(NAMESPACE_OID, name))),
        tenant_id=tenant,
        created_at=at,
        updated_at=at,
        governance_agent_id="governor",
        found_at=until,
        **found.to_stored(),
    )


def again(before: DriftAlert, found: DriftAlert, *, at: datetime) -> DriftAlert:
    """Return an alert of what is there again: nobody looks at it yet."""
    members = {name: getattr(found, name) for name in PolicyDrift.model_fields}
    new = {
        "status": "open",
        "found_at": found.found_at,
        "acknowledged_by": None,
        "acknowledged_at": None,
    }
    return before.model_copy(update=members | new | {"updated_at": at})


def acknowledged(before: DriftAlert, *, by: Actor, at: datetime) -> DriftAlert:
    """
    Return an alert that somebody looks at; whoever says so again has said it.

    Raises:
        Conflict: It is over, or somebody else looks at it.
    """
    if before.status == "over":
        raise Conflict(
            "the last look did not find this any more, so there is nothing to look at;"
            " GET /v1/policies/drift shows what is there",
            rule="over",
        )
    if before.status == "acknowledged" and before.acknowledged_by != by.id:
        raise Conflict(f"{before.acknowledged_by} looks at this already", rule="acknowledged")
    if before.status == "acknowledged":
        return before
    said = {"status": "acknowledged", "acknowledged_by": by.id, "acknowledged_at": at}
    return before.model_copy(update=said | {"updated_at": at})


def over(before: DriftAlert, *, at: datetime) -> DriftAlert:
    """Return an alert of what is not there any more."""
    return before.model_copy(update={"status": "over", "updated_at": at})


def _within(ordered: Sequence[Decision], begin: datetime, end: datetime) -> list[Decision]:
    return [one for one in ordered if begin <= one.evaluated_at < end]


def _in_bucket(
    bucket: Sequence[Decision], before: Sequence[Decision], begin: datetime
) -> Iterator[PolicyDrift]:
    yield from _skewed(bucket, begin)
    if len(bucket) < LEAST_IN_BUCKET:
        return
    yield from _bypassed(bucket, begin)
    if len(before) < LEAST_IN_BASELINE:
        return
    now, usual = _allowed(bucket), _allowed(before)
    if usual - now >= DEGRADED_BP:
        yield _drift("compliance_degradation", "all", "allow_rate", now, usual, begin)
    yield from _slower(bucket, before, begin)
    yield from _matched(bucket, before, begin)


def _matched(
    bucket: Sequence[Decision], before: Sequence[Decision], begin: datetime
) -> Iterator[PolicyDrift]:
    """Find rules that match more or less often of what their policies are put to."""
    bundles = {name for one in (*bucket, *before) for name in one.asked}
    hits, rules = _hits(bucket), _hits(before)
    put, usually_put = _put(bucket), _put(before)
    for rule in sorted({*hits, *rules}):
        policy = rule.partition("/")[0]
        own = policy if policy in bundles else ""
        if put[own] < LEAST_IN_BUCKET or usually_put[own] < LEAST_IN_BASELINE:
            continue
        now, usual = hits[rule] * WHOLE // put[own], rules[rule] * WHOLE // usually_put[own]
        if now == 0 and usual >= GAP_BP:
            yield _drift("coverage_gap", policy, f"hit_rate:{rule}", now, usual, begin)
        elif abs(now - usual) >= UNEXPECTED_BP:
            yield _drift("unexpected_behavior", policy, f"hit_rate:{rule}", now, usual, begin)


def _hits(decisions: Sequence[Decision]) -> Counter[str]:
    return Counter(rule for one in decisions for rule in set(one.matched))


def _put(decisions: Sequence[Decision]) -> Counter[str]:
    """Return to how many decisions each bundle was put, as it was selected, and, by no name, all policies of a tenant."""
    put = Counter(name for one in decisions for name in set(one.asked))
    put[""] = sum(not beyond(str(one.input["action"]["name"])) for one in decisions)
    return put


def _slower(
    bucket: Sequence[Decision], before: Sequence[Decision], begin: datetime
) -> Iterator[PolicyDrift]:
    """Find that deciding takes longer; a release that kept no time says nothing of it."""
    took, usual = _took(bucket), _took(before)
    if len(took) < LEAST_IN_BUCKET or len(usual) < LEAST_IN_BASELINE:
        return
    now_us, usual_us = median(took), max(median(usual), 1)
    now = round(now_us * WHOLE / usual_us)
    if now_us > PROMISED_US and now - WHOLE >= SLOWER_BP:
        yield _drift("performance_drift", "all", "decision_time", now, WHOLE, begin)


def _took(decisions: Sequence[Decision]) -> list[int]:
    return [one.took_us for one in decisions if one.took_us is not None]


def _bypassed(bucket: Sequence[Decision], begin: datetime) -> Iterator[PolicyDrift]:
    denied = Counter(_subject(one.input) for one in bucket if one.verdict == "deny")
    for subject, count in sorted(denied.items()):
        share = count * WHOLE // len(bucket)
        if count >= BYPASS_COUNT and share >= BYPASS_BP:
            yield _drift("policy_bypass", "all", f"denials:{subject}", share, 0, begin)


def _skewed(bucket: Sequence[Decision], begin: datetime) -> Iterator[PolicyDrift]:
    """Find who decides by rules that others have followed by newer ones for more than a minute."""
    last: dict[str, datetime] = {one.bundle: one.evaluated_at for one in bucket}
    first: dict[str, datetime] = {}
    for one in bucket:
        first.setdefault(one.bundle, one.evaluated_at)
    for bundle, seen in sorted(last.items()):
        newer = [at for other, at in first.items() if at > first[bundle] and other != bundle]
        if newer and seen - min(newer) > SKEW:
            old = sum(one.bundle == bundle for one in bucket) * WHOLE // len(bucket)
            yield _drift("version_skew", "all", f"bundle:{bundle[:12]}", old, 0, begin)


def _drift(
    kind: DriftType, policy: str, metric: str, now: int, usual: int, begin: datetime
) -> PolicyDrift:
    by = abs(now - usual)
    return PolicyDrift(
        drift_type=kind,
        severity=next((level for least, level in _SEVERITIES if by >= least), "low"),
        policy=policy,
        metric=metric,
        current_bp=now,
        expected_bp=usual,
        drift_bp=by,
        bucket_start=begin,
        suggestions=(_SUGGESTIONS[kind],),
    )


def _allowed(decisions: Sequence[Decision]) -> int:
    allowed = sum(one.verdict in {"allow", "allow_with_obligations"} for one in decisions)
    return allowed * WHOLE // len(decisions)


def _subject(document: Mapping[str, Any]) -> str:
    return str(document["subject"]["principal_id"])
