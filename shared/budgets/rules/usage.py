"""What a report of use must bring, what it is counted as, and what many come to."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from shared.budgets.events.usage import UsageRecorded
from shared.budgets.models.usage import (
    Bucket,
    Measured,
    UsageBucket,
    UsageEvent,
    UsageReport,
    UsageTotal,
)
from shared.budgets.rules import limits
from shared.budgets.rules.limits import USD, governed_by
from shared.budgets.rules.spending import Spend
from shared.canonical import canonical
from shared.entity import written
from shared.errors import Forbidden, Invalid

GOOD_FOR = timedelta(seconds=300)
"""How long a signature over figures holds, and how far the signer's clock may be ahead."""

PRECHECK = "budget_precheck"
_COUNTED = ("events", "cache_hits", "tokens_in", "tokens_out", "cost_micro_usd")


def check(report: UsageReport) -> None:
    """
    Refuse what was spent and held nowhere.

    Raises:
        Invalid: It names no reservation.
    """
    needs = report.cost_micro_usd or report.event_type == PRECHECK or report.outcome_unknown
    if report.reservation_id is None and needs:
        raise Invalid(
            "what costs is held before it is done: ask with a budget_precheck, and name its"
            " reservation_id here",
            rule="reservation_required",
        )


def message(report: Measured, issued_at: datetime, *, tenant: str, correlation_id: str) -> bytes:
    """Return what is signed of the figures of a call."""
    return canonical(
        {
            "typ": "metering/v1",
            "tenant": tenant,
            "correlation_id": correlation_id,
            "model": report.model,
            "cache_hit": report.cache_hit,
            "tokens_in": report.tokens_in,
            "tokens_out": report.tokens_out,
            "cost_usd": f"{report.cost_micro_usd // USD}.{report.cost_micro_usd % USD:06d}",
            "issued_at": written(issued_at),
        }
    )


def must_be_metered(report: UsageReport) -> bool:
    """Say whether figures need a signature: those of models do."""
    return report.event_type == "model_call"


def fresh(report: UsageReport, *, at: datetime) -> None:
    """
    Refuse figures that nobody signed just now.

    Raises:
        Forbidden: There is no signature, or it is too old.
    """
    if report.metering is None:
        raise Forbidden(
            "the figures of a model's call come signed: send metering", rule="metering_required"
        )
    if abs(at - report.metering.issued_at) > GOOD_FOR:
        raise Forbidden(
            f"these figures were signed more than {GOOD_FOR.seconds} seconds ago; sign them again",
            rule="metering_expired",
        )


def invalid() -> Forbidden:
    """Refuse figures that are others than were signed."""
    return Forbidden(
        "these are not the figures that were signed with this tenant's key", rule="metering_invalid"
    )


def held_as(report: UsageReport) -> str:
    """Return what the reservation that a report names is called among all of its tenant."""
    return f"usage:{report.reservation_id}"


def owned(report: UsageReport, tenant: str) -> UsageReport:
    """
    Return a report that names everything as its tenant does, and in one way.

    Raises:
        Invalid: It is about something of another tenant.
    """
    said = {name: getattr(report, name) for name in ("agent_id", "trial_id", "project_id")}
    return report.model_copy(
        update={name: limits.own_id(tenant, id) for name, id in said.items() if id}
    )


def same(event: UsageEvent, report: UsageReport) -> bool:
    """Say whether an event is what a report says."""
    return all(getattr(event, name) == getattr(report, name) for name in Measured.model_fields)


def spend(report: UsageReport) -> Spend:
    """Return what a precheck asks to hold."""
    return Spend(
        agent_id=report.agent_id,
        micro_usd=report.cost_micro_usd,
        tokens=report.tokens_in + report.tokens_out,
        trial_id=report.trial_id,
        project_id=report.project_id,
        run_id=report.run_id,
        begins=report.begins,
    )


def spent(report: UsageReport) -> dict[str, int]:
    """Return what was really spent, by measure."""
    return {
        "micro_usd": report.cost_micro_usd,
        "tokens": report.tokens_in + report.tokens_out,
        "calls": 1,
    }


def recorded(
    report: UsageReport, *, id: str, tenant: str, uncovered: int, at: datetime
) -> UsageEvent:
    """Return the event that a report becomes."""
    said = {name: value for name, value in report if name in Measured.model_fields}
    return UsageEvent(
        **said,
        id=id,
        tenant_id=tenant,
        created_at=at,
        updated_at=at,
        governance_agent_id=governed_by(tenant),
        uncovered_micro_usd=uncovered,
    )


def told(event: UsageEvent) -> UsageRecorded:
    """Tell of what was used."""
    names = UsageRecorded.model_fields
    return UsageRecorded(**{name: value for name, value in event if name in names})


def start(bucket: Bucket, at: datetime) -> str:
    """Return the first day of the day or the month that a time is in."""
    day = at.astimezone(UTC)
    return f"{day:%Y-%m-01}" if bucket == "month" else f"{day:%Y-%m-%d}"


def added(before: UsageBucket, event: UsageRecorded) -> UsageBucket:
    """Return a bucket with one more event in it."""
    more = {
        "events": 1,
        "cache_hits": int(event.cache_hit),
        "tokens_in": event.tokens_in,
        "tokens_out": event.tokens_out,
        "cost_micro_usd": event.cost_micro_usd,
    }
    return before.model_copy(
        update={name: getattr(before, name) + value for name, value in more.items()}
    )


def totals(shards: Iterable[UsageBucket]) -> tuple[UsageTotal, ...]:
    """Return what shards come to, by day or month, agent and kind, in that order."""
    found = dict[tuple[str, str, str], dict[str, int]]()
    for one in shards:
        key = (one.start, one.agent_id, one.event_type)
        sums = found.get(key, dict.fromkeys(_COUNTED, 0))
        found[key] = {name: value + getattr(one, name) for name, value in sums.items()}
    return tuple(
        UsageTotal(start=key[0], agent_id=key[1], event_type=key[2], **sums)
        for key, sums in sorted(found.items())
    )
