"""Count what was denied, and say what to look at."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from shared.deciding import Decision, Reason
from shared.errors import Invalid
from shared.policy.models.violations import (
    MAX_DAYS,
    GroupBy,
    PolicyViolation,
    Trend,
    ViolationKind,
    ViolationReport,
    ViolationsQuery,
)
from shared.policy.models.whatif import Counted

TOP = 10
_USUAL = timedelta(days=7)

SHARE_OF_POLICY_BP = 3_000
"""A policy with a larger share of all violations is looked at."""

REPEATED = 5
"""To whom so many were denied is looked at."""

SHARE_OF_HOUR_BP = 2_000
"""An hour with a larger share of all violations is looked at."""

_KINDS: dict[str, ViolationKind] = {
    "PDP_ERROR": "evaluation_error",
    "SCOPE-DRIFT": "capability_denied",
    "INT-01": "capability_denied",
    "INT-03": "approval_mismatch",
    "EXEC-BYPASS": "undeclared_effect",
    "AIS-06": "redaction_applied",
    "flow_forbidden": "flow_forbidden",
}
"""What kind of no the rules say that are not about a request as such."""


def window(query: ViolationsQuery, *, at: datetime) -> tuple[datetime, datetime]:
    """
    Return from when until when a report counts.

    Raises:
        Invalid: It ends before it begins, or is too long.
    """
    to = query.to or at
    since = query.since or to - _USUAL
    if since >= to:
        raise Invalid("from is before to", rule="window")
    if to - since > timedelta(days=MAX_DAYS):
        raise Invalid(f"a report is of {MAX_DAYS} days at most", rule="window")
    return since, to


def violations(decisions: Iterable[Decision]) -> Iterator[PolicyViolation]:
    """Yield what was denied: once for each rule that did."""
    for one in decisions:
        if one.verdict == "deny":
            yield from (_violation(one, reason) for reason in one.reasons)


def report(
    found: Sequence[PolicyViolation],
    *,
    since: datetime,
    to: datetime,
    complete: bool,
    group_by: GroupBy | None,
) -> ViolationReport:
    """Count violations."""
    policies = Counter(one.policy for one in found)
    subjects = Counter(one.subject for one in found)
    hours = Counter(one.at.replace(minute=0, second=0, microsecond=0) for one in found)
    days = Counter(one.replace(hour=0) for one in hours.elements())
    resources = Counter(one.resource for one in found if one.resource)
    groups: dict[GroupBy, Counter[str]] = {
        "policy": policies,
        "kind": Counter(str(one.kind) for one in found),
        "severity": Counter(str(one.severity) for one in found),
        "subject": subjects,
    }
    told: dict[str, Any] = {
        f"by_{name}": counted(counts) if group_by in {None, name} else ()
        for name, counts in groups.items()
    }
    return ViolationReport(
        **{"from": since},
        to=to,
        complete=complete,
        total=len(found),
        denials=len({one.decision_id for one in found}),
        policies=len(policies),
        subjects=len(subjects),
        **told,
        hourly=_trend(hours),
        daily=_trend(days),
        top_policies=counted(policies)[:TOP],
        top_subjects=counted(subjects)[:TOP],
        top_resources=counted(resources)[:TOP],
        recommendations=tuple(_recommended(found, policies, subjects, hours)),
    )


def counted(counts: "Counter[str]") -> tuple[Counted, ...]:
    """Return counts, the largest first."""
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return tuple(Counted(what=what, count=count) for what, count in ordered)


def _recommended(
    found: Sequence[PolicyViolation],
    policies: "Counter[str]",
    subjects: "Counter[str]",
    hours: "Counter[datetime]",
) -> Iterator[str]:
    if critical := sum(one.severity == "critical" for one in found):
        yield f"Look at each of the {critical} critical ones today."
    for name, count in policies.most_common():
        if count * 10_000 > SHARE_OF_POLICY_BP * len(found):
            share = count * 100 // len(found)
            yield f"{name} is {share} % of all: either it is too strict, or people do not know it."
    for name, count in subjects.most_common():
        if count >= REPEATED:
            yield f"{name} was denied {count} times: ask what they need, or look whether it is they."
    for hour, count in hours.most_common():
        if count * 10_000 > SHARE_OF_HOUR_BP * len(found):
            yield f"{count} of {len(found)} were in the hour from {hour:%Y-%m-%d %H:%M} UTC: look what happened then."


def _violation(decision: Decision, reason: Reason) -> PolicyViolation:
    asked = decision.input
    return PolicyViolation(
        decision_id=decision.decision_id,
        policy=reason.policy,
        rule=reason.rule,
        kind=_KINDS.get(reason.rule, "request_denied"),
        severity=reason.severity,
        subject=str(asked["subject"]["principal_id"]),
        action=str(asked["action"]["name"]),
        resource=asked["resource"].get("id"),
        at=decision.evaluated_at,
    )


def _trend(counts: "Counter[datetime]") -> tuple[Trend, ...]:
    return tuple(Trend(begin=begin, count=count) for begin, count in sorted(counts.items()))
