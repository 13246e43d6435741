"""Incidents, as they are reported and kept."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from shared.entity import (
    Asked,
    Entity,
    Id,
    Name,
    Text,
    Timestamp,
    Value,
)
from shared.handling import After, Blanked, Handling, Nobody, PersonalData
from shared.numbers import Numbers

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


class Remark(Value):
    """One line of an incident's timeline."""

    personal: ClassVar = PersonalData(ids="actor", texts="note")

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
    handling: ClassVar = Handling(
        kept=After(2555, since="updated_at"),
        export=Nobody("the platform's own; what customers are told of it is public"),
        erasure=Blanked("that it happened, and what was done, is evidence"),
    )
    personal: ClassVar = PersonalData(
        ids="owner", texts="title description root_cause prevention_actions public_message"
    )

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


class IncidentNumbers(Numbers):
    """The last number given; incidents are rare, so this document is never hot."""

    model_config = ConfigDict(validate_by_name=True)

    collection: ClassVar[str] = "numbers"

    given: int = Field(0, alias="last")


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
