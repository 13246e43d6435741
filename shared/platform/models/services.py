"""How the platform's services are, as it was last looked at."""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar, Literal

from shared.entity import Record, Timestamp, Value
from shared.handling import ForEver, Handling, Nobody, PersonalData, Stays

INTERVAL = timedelta(minutes=5)
"""How often the services are looked at."""

WATCH_INTERVAL = timedelta(minutes=1)
"""How often while something is wrong: as often as a scheduler can."""

LATEST = "latest"

State = Literal["healthy", "degraded", "down"]


class Check(Value):
    """One thing the platform depends on, as it was last looked at."""

    personal: ClassVar = PersonalData(nobody="name detail")

    name: str
    """What was looked at."""
    status: State
    """How it is."""
    latency_ms: int
    """How long it took to answer, in milliseconds."""
    checked_at: Timestamp
    """When it was looked at."""
    detail: str = ""
    """What was found; empty where all is well."""


class ServiceStatus(Value):
    """How one area of the API is; what is not known is null."""

    key: str
    """Which area of the API."""
    status: Literal["healthy", "degraded", "down", "unknown"]
    """How it is."""
    health_score: int | None
    """From 0 to 100; from 80 it is healthy, from 50 degraded."""

    version: str
    """The release that serves it."""
    slot: Literal["blue", "green"] | None = None
    """Which of two deployments serves it; null where there is one."""
    error_rate_5m: float | None = None
    """The share of requests that failed in the last five minutes, from 0 to 1."""

    p95_ms: float | None = None
    """Within how many milliseconds 95 of 100 requests were answered; null while nobody measured it."""
    last_deploy_at: Timestamp | None = None
    """When it was last deployed; null where nobody knows."""
    checked_at: Timestamp
    """When it was looked at."""


class Observation(Record):
    """One look at everything: one document, so that a look costs one write and being asked one read."""

    collection: ClassVar[str] = "service_status"
    handling: ClassVar = Handling(
        kept=ForEver("one document, written over at each look"),
        export=Nobody("the platform's own"),
        erasure=Stays("it is about no person"),
    )

    checked_at: Timestamp
    checks: tuple[Check, ...]
    services: tuple[ServiceStatus, ...]
    error_rate_5m: float | None = None
    unpublished: int = 0
    lag_s: float = 0.0
    """How long the oldest entry has waited to be published."""

    overdue: int = 0
    dead_letters: int = 0
    raised: Mapping[str, Timestamp] = {}
    """Since when each alarm is on."""

    cleared: Mapping[str, Timestamp] = {}
    """Since when each alarm of the last day is off again."""

    watched: bool = False
    """Whether it is looked at every minute, because something is wrong."""
