"""Incidents: what went wrong, who answers for it, and how it ends."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from shared.constitution import breach
from shared.entity import (
    ActorId,
    Asked,
    Code,
    Entity,
    Event,
    Id,
    Name,
    Record,
    Text,
    Timestamp,
    Value,
)
from shared.errors import Conflict, Forbidden, Invalid, Violation
from shared.identity import PLATFORM, Actor, Role

IncidentType = Literal[
    "service_outage",
    "performance_degradation",
    "database_issue",
    "infrastructure_failure",
    "agent_failure",
    "security",
    "integrity",
]
Severity = Literal["low", "medium", "high", "critical"]
Status = Literal["open", "investigating", "resolved", "closed"]
Note = Annotated[Text, Field(max_length=1000)]
Words = Annotated[Text, Field(max_length=4000)]
Service = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,60}$", examples=["workflow_engine"])]

NUMBERS = "incidents"
MAX_REMARKS = 100
"""So many long notes still fit into one document of the store, which is at most 1 MiB."""

JOINS = timedelta(minutes=30)
"""So soon after another of the same service and type it is the same incident."""

GREEN = timedelta(minutes=15)
"""So long its alarm must be off before it is resolved."""

RECURS = timedelta(hours=24)
RESTS = timedelta(days=7)
"""So long after it was resolved it is closed by itself, unless it needs a post-incident text."""


class Remark(Value):
    """One line of an incident's timeline."""

    at: Timestamp
    """When it was said."""
    actor: str
    """Who said it."""
    note: Note
    """What was said."""


class IncidentReport(Value):
    """What somebody saw go wrong."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "Approvals cannot be opened on phones",
                    "description": "Two Governors see an empty inbox since nine o'clock.",
                    "type": "service_outage",
                    "severity": "high",
                    "affected_services": ["mobile"],
                }
            ]
        }
    )

    title: Annotated[Name, Field(max_length=200)]
    """What is wrong, in one line."""
    description: Words
    """What you saw."""
    type: IncidentType
    """What kind of trouble it is."""
    severity: Severity
    """How bad it is."""
    affected_services: Annotated[tuple[Service, ...], Field(min_length=1, max_length=20)]
    """Which areas of the API are hit."""
    affected_agents: Annotated[tuple[Id, ...], Field(max_length=100)] = ()
    """Which agents are hit."""


class Incident(Entity):
    """Something that went wrong with the platform, from its detection to its end."""

    collection: ClassVar[str] = "incidents"
    guarded_by: ClassVar = ()

    number: str
    """A label for people, ``INC-000045``; never a key."""

    title: str
    """What is wrong, in one line."""
    description: str
    """What was seen."""
    type: IncidentType
    """What kind of trouble it is."""
    severity: Severity
    """How bad it is."""
    status: Status = "open"
    """How far it is."""
    service: Asked
    """The first of the affected services, where lists look for it."""

    affected_services: tuple[str, ...]
    """Which areas of the API are hit."""
    affected_agents: tuple[Id, ...] = ()
    """Which agents are hit."""
    affected_customer_count: int | None = None
    """How many customers are hit; null while nobody counted."""
    owner: str | None = None
    """Who answers for it; null while nobody does."""
    timeline: tuple[Remark, ...] = ()
    """What happened, the oldest first."""
    root_cause: Words | None = None
    """What it came from; null while nobody knows."""
    prevention_actions: tuple[Note, ...] = ()
    """What keeps it from coming again."""
    linked_case_ids: tuple[Id, ...] = ()
    """Support cases about it."""
    public_message: Words | None = None
    """What customers are told; null where they are told nothing."""
    detected_by: Literal["alert", "user", "agent"]
    """Who saw it first."""
    detected_at: Timestamp
    """When it was reported first."""
    acknowledged_at: Timestamp | None = None
    """When somebody began to look into it; null before."""
    resolved_at: Timestamp | None = None
    """When it was over; null before."""
    closed_at: Timestamp | None = None
    """When nothing was left to do; null before."""

    @property
    def alarm(self) -> str:
        """The alarm that it is about: its service and its type."""
        return f"{self.service}:{self.type}"

    def violations(self) -> tuple[Violation, ...]:
        """Return what in this incident breaks the constitution."""
        if self.governance_agent_id:
            return ()
        return (breach("L0-01", "governance_agent_id missing", "governance_agent_id"),)


class IncidentNumbers(Record):
    """The last number given; incidents are rare, so this document is never hot."""

    collection: ClassVar[str] = "numbers"

    last: int = 0


_SAID = {"description": "It is said."}
SOMETHING: list[Any] = [
    *(
        {"required": [name], "properties": {name: _SAID | {"type": "string"}}}
        for name in ("to", "note", "public_message", "root_cause")
    ),
    {
        "required": ["prevention_actions"],
        "properties": {"prevention_actions": _SAID | {"type": "array", "minItems": 1}},
    },
]
"""How a schema says that a step does something."""


class IncidentStep(Value):
    """What is done about an incident: a new state, a note or a text, one of them at least."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": SOMETHING,
            "examples": [{"to": "investigating", "note": "The provider reports an outage."}],
        }
    )

    to: Literal["investigating", "resolved", "closed"] | None = None
    """The new state; without it, the state stays."""
    note: Note | None = None
    """What happened, for the timeline."""
    public_message: Words | None = None
    """What customers are told from now on."""
    root_cause: Words | None = None
    """What it came from; needed to close a high or critical one."""
    prevention_actions: Annotated[tuple[Note, ...], Field(max_length=20)] = ()
    """What keeps it from coming again."""


class IncidentOpened(
    Event,
    action="incident.opened",
    category="configuration_change",
    topic="case-events",
    outcome="failure",
    severity="error",
):
    """Something went wrong."""

    severity: Severity
    kind: IncidentType
    refs: tuple[Code, ...]


class IncidentTransitioned(
    Event, action="incident.transitioned", category="configuration_change", topic="case-events"
):
    """Somebody does something about it."""

    severity: Severity
    status: Status
    by: ActorId


class IncidentRested(Event, action="incident.rested", category="configuration_change"):
    """It was resolved a week ago."""

    resolved_at: Timestamp


_LEADS: dict[Status, tuple[Status, ...]] = {
    "open": ("investigating",),
    "investigating": ("resolved",),
    "resolved": ("investigating", "closed"),
    "closed": (),
}


def numbered(numbers: IncidentNumbers | None) -> tuple[IncidentNumbers, str]:
    """Return the next number, as it is kept and as it is shown."""
    last = numbers.last + 1 if numbers else 1
    return IncidentNumbers(id=NUMBERS, last=last), f"INC-{last:06d}"


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
