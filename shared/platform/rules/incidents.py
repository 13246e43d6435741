"""Incidents: what went wrong, who answers for it, and how it ends."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from shared.actors import PLATFORM, Actor, Role
from shared.errors import Conflict, Forbidden, Invalid
from shared.platform.events import IncidentTransitioned
from shared.platform.models.incidents import (
    MAX_REMARKS,
    Incident,
    IncidentNumbers,
    IncidentReport,
    IncidentStep,
    Remark,
    Status,
)

JOINS = timedelta(minutes=30)
"""So soon after another of the same service and type it is the same incident."""

GREEN = timedelta(minutes=15)
"""So long its alarm must be off before it is resolved."""

RECURS = timedelta(hours=24)
RESTS = timedelta(days=7)
"""So long after it was resolved it is closed by itself, unless it needs a post-incident text."""


_LEADS: dict[Status, tuple[Status, ...]] = {
    "open": ("investigating",),
    "investigating": ("resolved",),
    "resolved": ("investigating", "closed"),
    "closed": (),
}


def numbered(before: IncidentNumbers) -> tuple[IncidentNumbers, str]:
    """Return the next number, as it is kept and as it is shown."""
    return before.upto(before.next), f"INC-{before.next:06d}"


def opened(
    report: IncidentReport,
    *,
    id: str,
    number: str,
    by: Actor,
    at: datetime,
    detected_by: Literal["alert", "user", "agent"] = "user",
) -> Incident:
    """Return the incident of a report."""
    return Incident(
        id=id,
        tenant_id=PLATFORM,
        created_at=at,
        updated_at=at,
        governance_agent_id="governor",
        number=number,
        service=report.affected_services[0],
        **report.model_dump(),
        detected_by=detected_by,
        detected_at=at,
        timeline=(Remark(at=at, actor=by.id, note="opened"),),
    )


def joined(
    report: IncidentReport, known: Iterable[Incident], *, by: Actor, at: datetime
) -> Incident | None:
    """Return the open incident that a report belongs to, with the report in its timeline."""
    for incident in known:
        same = incident.alarm == f"{report.affected_services[0]}:{report.type}"
        going_on = incident.status in {"open", "investigating"} and not _full(incident)
        if same and going_on and at - incident.detected_at <= JOINS:
            return _noted(incident, by.id, f"reported again: {report.title}", at)
    return None


def stepped(
    before: Incident, step: IncidentStep, *, by: Actor, at: datetime, green_since: datetime | None
) -> Incident:
    """
    Return the incident after a step.

    Whoever acknowledges an open incident owns it; from then on it is theirs and the administrators'.

    Args:
        before: The incident.

        step: What is done.

        by: Who does it.

        at: When.

        green_since: Since when its alarm is off; None while it is on.
    """
    if before.owner and by.id != before.owner and Role.ADMIN not in by.roles:
        raise Forbidden(
            f"{before.number} is for its owner or an administrator to move; tell {before.owner}",
            rule="not_owner",
        )
    texts = {
        name: value
        for name in ("public_message", "root_cause", "prevention_actions")
        if (value := getattr(step, name))
    }
    if step.note and _full(before):
        raise Conflict(f"a timeline holds {MAX_REMARKS} remarks; open a new incident", rule="full")
    if not (step.to or step.note or texts):
        raise Invalid(
            "say what is done: to, note, public_message, root_cause or prevention_actions",
            rule="nothing_said",
        )
    after = before.model_copy(update=texts)
    if step.to:
        after = _moved(after, step.to, by=by.id, at=at, green_since=green_since)
    note = step.note or (f"now {step.to}" if step.to else "texts changed")
    return _noted(after, by.id, note, at)


def recurred(before: Incident, *, at: datetime, by: str) -> Incident | None:
    """Return a resolved incident as it goes on, if its alarm came back within a day."""
    if before.status != "resolved" or not before.resolved_at:
        return None
    if at - before.resolved_at > RECURS:
        return None
    after = before.model_copy(update={"status": "investigating", "resolved_at": None})
    return _noted(after, by, "it came back", at)


def recovered(
    before: Incident, *, green_since: datetime | None, at: datetime, by: str
) -> Incident | None:
    """Return an incident that an alarm opened as resolved, if the alarm has been off long enough."""
    if before.detected_by != "alert" or before.status not in {"open", "investigating"}:
        return None
    if green_since is None or at - green_since < GREEN:
        return None
    after = before.model_copy(update={"status": "resolved", "resolved_at": at})
    return _noted(after, by, "its alarm has been off for 15 minutes", at)


def rested(before: Incident, resolved_at: datetime, *, at: datetime) -> Incident | None:
    """Return an incident as it is closed by itself, a week after it was resolved that time."""
    grave = before.severity in {"high", "critical"} and not before.root_cause
    if before.status != "resolved" or before.resolved_at != resolved_at or grave:
        return None
    return before.model_copy(update={"status": "closed", "closed_at": at})


def transition(incident: Incident, by: str) -> IncidentTransitioned:
    """Return the event of a step."""
    return IncidentTransitioned(severity=incident.severity, status=incident.status, by=by)


def _moved(
    before: Incident, to: Status, *, by: str, at: datetime, green_since: datetime | None
) -> Incident:
    if to not in _LEADS[before.status]:
        ways = " or ".join(_LEADS[before.status]) or "nowhere"
        raise Conflict(f"{before.number} is {before.status} and leads to {ways}", rule="state")
    if to == "investigating":
        owner = {"owner": before.owner or by, "resolved_at": None}
        return before.model_copy(
            update=owner | {"status": to, "acknowledged_at": before.acknowledged_at or at}
        )
    if to == "resolved":
        alarmed = before.detected_by == "alert"
        if alarmed and (green_since is None or at - green_since < GREEN):
            raise Conflict(
                "its alarm must be off for 15 minutes first; try again then", rule="not_green"
            )
        return before.model_copy(update={"status": to, "resolved_at": at})
    if before.severity in {"high", "critical"} and not before.root_cause:
        raise Conflict(
            "say the root_cause first: it is part of the post-incident text", rule="no_root_cause"
        )
    return before.model_copy(update={"status": to, "closed_at": at})


def _full(incident: Incident) -> bool:
    return len(incident.timeline) >= MAX_REMARKS


def _noted(incident: Incident, by: str, note: str, at: datetime) -> Incident:
    if _full(incident):
        # What an alarm has to say is in the entries too: a full timeline must not stop the probes.
        return incident
    remark = Remark(at=at, actor=by, note=note)
    return incident.model_copy(update={"timeline": (*incident.timeline, remark)})
