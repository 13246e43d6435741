"""
Compare what policies did in five minutes with the hour before (`capsules-plans.md` section 6).

A rate is compared by the difference of its two values in basis points. How long evaluations took is in no decision, so
a drift of that is measured by nobody here.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from shared.actors import id_in
from shared.deciding import Decision
from shared.policy.models.drift import DriftAlert, DriftAlertView, DriftType, Level, PolicyDrift

BUCKET = timedelta(seconds=300)
BASELINE = timedelta(seconds=3_600)
LEAST_IN_BASELINE = 10
LEAST_IN_BUCKET = 5
WHOLE = 10_000

DEGRADED_BP = 1_000
BYPASS_BP = 500
BYPASS_COUNT = 5
UNEXPECTED_BP = 2_000
GAP_BP = 1_500
SKEW = timedelta(seconds=60)

_SEVERITIES: Sequence[tuple[int, Level]] = ((5_000, "critical"), (2_500, "high"), (1_500, "medium"))
_SUGGESTIONS: Mapping[DriftType, str] = {
    "compliance_degradation": "Look which rule denies more than before: GET /v1/policies/violations.",
    "policy_bypass": "Ask whoever was denied what they need, or look whether it is they.",
    "unexpected_behavior": "Look whether the rule was changed, or what is done is new; try it on recorded decisions.",
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


def alert(found: PolicyDrift, *, tenant: str, at: datetime) -> DriftAlert:
    """Return the alert of a drift: of the same kind, policy and metric it has the same id."""
    name = f"policy drift {tenant} {found.drift_type} {found.policy} {found.metric}"
    return DriftAlert(
        id=id_in(tenant, str(uuid5(NAMESPACE_OID, name))),
        tenant_id=tenant,
        created_at=at,
        updated_at=at,
        governance_agent_id="governor",
        found_at=at,
        **found.to_stored(),
    )


def again(before: DriftAlert, found: DriftAlert, *, at: datetime) -> DriftAlert:
    """Return an alert of what is there again."""
    members = {name: getattr(found, name) for name in PolicyDrift.model_fields}
    changes = members | {"status": "open", "found_at": at, "updated_at": at}
    return before.model_copy(update=changes)


def over(before: DriftAlert, *, at: datetime) -> DriftAlert:
    """Return an alert of what is not there any more."""
    return before.model_copy(update={"status": "over", "updated_at": at})


def shown(one: DriftAlert) -> DriftAlertView:
    """Show an alert."""
    members = {
        name: getattr(one, name) for name in DriftAlertView.model_fields if name != "alert_id"
    }
    return DriftAlertView(alert_id=one.id, **members)


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
    hits, rules = _hits(bucket), _hits(before)
    for rule in sorted({*hits, *rules}):
        now, usual = hits.get(rule, 0), rules.get(rule, 0)
        policy = rule.partition("/")[0]
        if now == 0 and usual >= GAP_BP:
            yield _drift("coverage_gap", policy, f"hit_rate:{rule}", now, usual, begin)
        elif abs(now - usual) >= UNEXPECTED_BP:
            yield _drift("unexpected_behavior", policy, f"hit_rate:{rule}", now, usual, begin)


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


def _hits(decisions: Sequence[Decision]) -> dict[str, int]:
    counts = Counter(rule for one in decisions for rule in set(one.matched))
    return {rule: count * WHOLE // len(decisions) for rule, count in counts.items()}


def _subject(document: Mapping[str, Any]) -> str:
    return str(document["subject"]["principal_id"])
