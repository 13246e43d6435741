"""The rules of health: what a look says of each service, and which alarms it raises."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from shared.entity import Value
from shared.observability import Backlog, HealthCheck, Recent
from shared.platform.models.incidents import IncidentType, Severity
from shared.platform.models.services import (
    INTERVAL,
    LATEST,
    WATCH_INTERVAL,
    Check,
    Observation,
    ServiceStatus,
    State,
)
from shared.release import VERSION

TARGET_P95_MS = 5000
"""The slowest that a twentieth of the calls may be."""

MAX_LAG_S = 120
"""How old an unpublished entry may be: two runs of the sweep."""

REMEMBERED = timedelta(hours=24)
MIN_REQUESTS = 10
"""Of fewer requests a share says nothing."""

ESSENTIAL = frozenset(
    {"store", "event_bus", "identity_keys", "signing_key", "audit_log", "enforcement"}
)
"""Without one of these the platform is down: changes are refused."""

_ALL = frozenset({"store", "identity_keys"})
_WRITES = _ALL | {"event_bus", "signing_key", "audit_log", "enforcement"}
DEPENDS: Mapping[str, frozenset[str]] = {
    "agents": _WRITES | {"workflow_engine"},
    "approvals": _WRITES | {"workflow_engine"},
    "audit": _WRITES,
    "budgets": _WRITES,
    "events": _WRITES,
    "genesis": _WRITES,
    "identity": _ALL | {"signing_key"},
    "knowledge": _ALL,
    "learning": _WRITES,
    "mobile": _WRITES | {"files", "push"},
    "platform": _ALL,
    "policy": _WRITES,
    "precedents": _WRITES,
}
"""What each area of the API cannot do its work without."""


class Alarm(Value):
    """Something that must not last."""

    service: str
    type: IncidentType
    severity: Severity
    title: str
    after: timedelta = timedelta()
    """For how long it must be on before it is an incident."""

    @property
    def key(self) -> str:
        """What makes two alarms one incident: the same service, and the same type."""
        return f"{self.service}:{self.type}"


def due(before: Observation | None, *, at: datetime) -> bool:
    """Say whether it is time to look again."""
    if before is None:
        return True
    # Schedules are not exact to the second.
    interval = WATCH_INTERVAL if before.watched else INTERVAL
    return at - before.checked_at >= interval - timedelta(seconds=5)


def observed(
    looked: Sequence[HealthCheck],
    backlog: Backlog,
    recent: Mapping[str, Recent],
    *,
    dead_letters: int,
    before: Observation | None,
    at: datetime,
) -> tuple[Observation, Sequence[Alarm]]:
    """Return what a look says, and the alarms that have been on for too long."""
    lag_s = (at - backlog.oldest_at).total_seconds() if backlog.oldest_at else 0.0
    seen = [*looked, _audit_log(lag_s)]
    checks = tuple(
        Check(
            name=one.name,
            status="healthy" if one.well else "down" if one.name in ESSENTIAL else "degraded",
            latency_ms=one.latency_ms,
            checked_at=at,
            detail=one.detail,
        )
        for one in seen
    )
    requests = sum(one.requests for one in recent.values())
    now = Observation(
        id=LATEST,
        checked_at=at,
        checks=checks,
        services=tuple(_service(key, checks, recent.get(key), at) for key in sorted(DEPENDS)),
        error_rate_5m=sum(one.failures for one in recent.values()) / requests if requests else None,
        unpublished=backlog.unpublished,
        lag_s=lag_s,
        overdue=backlog.overdue,
        dead_letters=dead_letters,
    )
    raised = {alarm.key: alarm for alarm in reversed(_alarms(now, recent))}
    since = {key: before.raised.get(key, at) if before else at for key in raised}
    over = {key: at for key in before.raised if key not in raised} if before else {}
    known = before.cleared.items() if before else ()
    cleared = {k: t for k, t in known if k not in raised and at - t < REMEMBERED} | over
    unwell = any(check.status != "healthy" for check in checks)
    now = now.model_copy(
        update={"raised": since, "cleared": cleared, "watched": unwell or bool(raised)}
    )
    return now, [alarm for key, alarm in raised.items() if at - since[key] >= alarm.after]


def score(*, error_rate: float, p95_ms: float, failed: float) -> int:
    """
    Return the health of a service, from 0 to 100.

    Args:
        error_rate: The share of requests that fail; a tenth of them costs 40 points.

        p95_ms: What a twentieth of the calls exceed; twice the target costs 30 points.

        failed: The share of dependencies that fail; all of them cost 30 points.
    """
    slow = min(max(p95_ms / TARGET_P95_MS - 1, 0), 1)
    return round(100 - 40 * min(error_rate / 0.1, 1) - 30 * slow - 30 * failed)


def _audit_log(lag_s: float) -> HealthCheck:
    detail = f"the oldest entry has waited {lag_s:.0f} seconds for the tap" if lag_s else ""
    return HealthCheck("audit_log", lag_s <= MAX_LAG_S, 0, detail)


def _service(
    key: str, checks: Sequence[Check], recent: Recent | None, at: datetime
) -> ServiceStatus:
    needed = [check for check in checks if check.name in DEPENDS[key]]
    failing = [check for check in needed if check.status != "healthy"]
    rate = recent.failures / recent.requests if recent else None
    points = score(
        error_rate=rate or 0,
        p95_ms=recent.p95_ms if recent else 0,
        failed=len(failing) / len(needed) if needed else 0,
    )
    status: State = "healthy" if points >= 80 else "degraded" if points >= 50 else "down"
    if any(check.status == "down" for check in failing):
        status = "down"
    elif failing and status == "healthy":
        status = "degraded"
    return ServiceStatus(
        key=key,
        status=status,
        health_score=points,
        version=VERSION,
        error_rate_5m=rate,
        p95_ms=recent.p95_ms if recent else None,
        checked_at=at,
    )


def _alarms(now: Observation, recent: Mapping[str, Recent]) -> list[Alarm]:
    """Return every alarm that is on, the gravest first."""
    found: list[Alarm] = []
    for check in now.checks:
        kind: IncidentType = "database_issue" if check.name == "store" else "service_outage"
        if check.status == "down":
            title = f"{check.name} is down"
            after = timedelta(minutes=2)
            found.append(_alarm(check.name, kind, "critical", title, after))
        elif check.name == "store" and check.latency_ms > 5000:
            title, after = "the store takes more than 5 seconds", timedelta(minutes=10)
            found.append(_alarm("store", "database_issue", "medium", title, after))
    for key, one in recent.items():
        if one.requests >= MIN_REQUESTS and one.failures / one.requests > 0.1:
            title = f"more than a tenth of the requests to {key} fail"
            found.append(_alarm(key, "service_outage", "high", title))
        if one.requests >= MIN_REQUESTS and one.p95_ms > 2 * TARGET_P95_MS:
            title, after = f"{key} answers too slowly", timedelta(minutes=15)
            found.append(_alarm(key, "performance_degradation", "medium", title, after))
    if now.dead_letters > 10:
        title = "more than 10 dead letters are open"
        found.append(_alarm("events", "infrastructure_failure", "medium", title))
    if now.unpublished > 1000:
        title, after = "more than 1,000 entries wait to be published", timedelta(minutes=10)
        found.append(_alarm("events", "infrastructure_failure", "medium", title, after))
    return found


def _alarm(
    service: str,
    kind: IncidentType,
    severity: Severity,
    title: str,
    after: timedelta = timedelta(),
) -> Alarm:
    return Alarm(service=service, type=kind, severity=severity, title=title, after=after)
