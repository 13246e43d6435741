"""What people carry and are told: devices, the notices in their inbox, and what they want to be pushed."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.entity import Asked, Entity, Id, Record, Timestamp, Value
from shared.handling import After, Handling, PersonalData, WithAccount

Kind = Literal[
    "approval_pending",
    "approval_request",
    "approval_escalated",
    "budget_threshold",
    "constitutional_violation",
    "seed_auto_approval",
    "veto_window_closing",
    "agent_status",
    "workflow_breaker",
    "announcement",
]
Claim = Literal[
    "waits",
    "objectable",
    "review",
    "unanswered",
    "unused",
    "refused",
    "sent_back",
    "ended",
    "vetoed",
    "suspended",
    "in_service",
    "taken_back",
    "unowned",
    "unplanned",
    "unsettled",
    "not_undone",
    "differs",
]
"""What a notice says of its subject that may be over when it is shown."""

Priority = Literal["low", "default", "high", "critical"]


Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", examples=["22:00"])]


class Notification(Entity):
    """One notice to a role or to a person, told by its audience."""

    collection: ClassVar[str] = "notifications"
    unversioned: ClassVar[frozenset[str]] = Entity.unversioned | {"read_at"}
    handling: ClassVar = Handling(
        kept=After(90, since="created_at"), export="person", erasure="deleted", person="audience"
    )
    personal: ClassVar = PersonalData(ids="audience", texts="title body")

    kind: Kind
    """What it tells of."""
    audience: Asked
    """A role, or the id of one person."""

    priority: Priority
    """How loud it is."""
    subject: str
    """What it is about: ``<collection>/<id>``."""

    title: str
    """It in one line."""
    body: str
    """It in a few lines."""
    deep_link: str
    """Where the app opens it."""
    read_at: Timestamp | None = None
    """When somebody marked it as read; null before."""
    claim: Claim | None = None
    """What it says of its subject; null where it tells of what was, or an earlier release told it."""

    over: bool = False
    """Whether what it told of is over: then its words say what became of it."""


class SeenNotification(Notification):
    """A notice as it is shown: in words that hold now."""


class QuietHours(Value):
    """When a device stays silent, by its own clock."""

    start: Clock = "22:00"
    """When it begins to be silent, by the device's clock."""
    end: Clock = "07:00"
    """When it stops being silent."""


class NotificationPreferences(Entity):
    """What a person wants to be pushed; its id is the person's."""

    collection: ClassVar[str] = "notification_preferences"
    handling: ClassVar = Handling(
        kept=WithAccount(), export="person", erasure="deleted", person="id"
    )
    personal: ClassVar = PersonalData(ids="id")

    muted: tuple[Kind, ...] = ()
    """Which kinds are not pushed; the inbox has them all the same."""
    quiet_hours: QuietHours = QuietHours()
    """When the person's devices stay silent."""


class PushDay(Record):
    """How many pushes that were not urgent a person had on one day of theirs: ``<user>:<date>``."""

    collection: ClassVar[str] = "push_days"
    handling: ClassVar = Handling(
        kept=WithAccount(), export="person", erasure="deleted", person="id"
    )
    personal: ClassVar = PersonalData(ids="id")

    sent: int = 0
    digested: bool = False


class PushLog(Record):
    """What became of one notice on one device: ``<notification>:<device>``."""

    collection: ClassVar[str] = "push_log"
    handling: ClassVar = Handling(
        kept=After(90, since="queued_at"), export="person", erasure="deleted", person="user_id"
    )
    personal: ClassVar = PersonalData(ids="user_id", devices="id device_id provider_message_id")

    notification_id: Id
    device_id: Id
    user_id: str
    type: Kind
    queued_at: Timestamp
    sent_at: Timestamp | None = None
    provider_message_id: str = ""
    status: Literal["sent", "unregistered", "refused", "waiting"]
