"""What people carry and are told: devices, the notices in their inbox, and what they want to be pushed."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.constitution import breach
from shared.entity import Asked, Entity, Hex64, Id, Record, Timestamp, Value
from shared.errors import Violation

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
]
"""What a notice says of its subject that may be over when it is shown."""

Priority = Literal["low", "default", "high", "critical"]
Platform = Literal["ios", "android", "web"]

TOPIC = "notification-events"

Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", examples=["22:00"])]
PublicKey = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9_-]{43}$", examples=["11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"]),
]
"""An Ed25519 public key (RFC 8032): its 32 bytes in base64url without padding."""


class _Governed(Entity):
    """An entity of a person, which answers to the Governor as everything does."""

    def violations(self) -> tuple[Violation, ...]:
        """Return what in this entity breaks the constitution."""
        if self.governance_agent_id:
            return ()
        return (breach("L0-01", "governance_agent_id missing", "governance_agent_id"),)


class Notification(_Governed):
    """One notice to a role or to a person, told by its audience."""

    collection: ClassVar[str] = "notifications"
    unversioned: ClassVar[frozenset[str]] = Entity.unversioned | {"read_at"}

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


class SeenNotification(Notification):
    """A notice as it is shown: in words that hold now."""

    over: bool = False
    """Whether what it told of is over: then its words say what became of it."""


class QuietHours(Value):
    """When a device stays silent, by its own clock."""

    start: Clock = "22:00"
    """When it begins to be silent, by the device's clock."""
    end: Clock = "07:00"
    """When it stops being silent."""


class Device(_Governed):
    """A phone that may show notices and sign decisions."""

    collection: ClassVar[str] = "devices"
    guarded_by: ClassVar = ("user_id", "fcm_token_hash")
    unversioned: ClassVar[frozenset[str]] = Entity.unversioned | {"last_seen_at"}

    user_id: Asked
    """Whose device it is."""
    fcm_token: str
    """Where notices are pushed."""
    fcm_token_hash: Hex64 | None = None
    """By this a token is found, as it may be longer than what an index holds."""

    public_key: PublicKey
    """The key that its signatures are checked with."""
    platform: Platform
    """What it runs."""
    app_version: str
    """Which release of the app it runs."""
    os_version: str
    """The version of its system."""
    timezone: str
    """The zone of its clock."""
    audiences: tuple[str, ...]
    """Whose notices it shows: the person's own, and those to their roles when it was registered."""

    registered_at: Timestamp
    """When it was registered first."""
    last_seen_at: Timestamp
    """When it was last registered or used."""
    active: bool = True
    """Whether it may show notices and sign."""


class Destination(Record):
    """Where to push what is told to one audience; its id is ``<audience>:<device>``."""

    collection: ClassVar[str] = "push_destinations"

    audience: Asked
    device_id: Id
    user_id: str
    fcm_token: str
    platform: Platform
    timezone: str


class NotificationPreferences(_Governed):
    """What a person wants to be pushed; its id is the person's."""

    collection: ClassVar[str] = "notification_preferences"

    muted: tuple[Kind, ...] = ()
    """Which kinds are not pushed; the inbox has them all the same."""
    quiet_hours: QuietHours = QuietHours()
    """When the person's devices stay silent."""


class PushDay(Record):
    """How many pushes that were not urgent a person had on one day of theirs: ``<user>:<date>``."""

    collection: ClassVar[str] = "push_days"

    sent: int = 0
    digested: bool = False


class PushLog(Record):
    """What became of one notice on one device: ``<notification>:<device>``."""

    collection: ClassVar[str] = "push_log"

    notification_id: Id
    device_id: Id
    user_id: str
    type: Kind
    queued_at: Timestamp
    sent_at: Timestamp | None = None
    provider_message_id: str = ""
    status: Literal["sent", "unregistered", "refused", "waiting"]


class SpentNonce(Record):
    """A nonce that a device used, and for what, so that it is used for nothing else."""

    collection: ClassVar[str] = "spent_nonces"

    device_id: Id
    statement_hash: Hex64
    signature: str
    spent_at: Timestamp


# --- events --------------------------------------------------------------------------------------
