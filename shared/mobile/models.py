"""A notification is a line in somebody's inbox that leads to what it is about."""

from typing import ClassVar, Literal

from shared.entity import Record, Timestamp

Kind = Literal["approval_pending", "approval_request", "agent_status"]
Priority = Literal["low", "default", "high", "critical"]


class Notification(Record):
    """One notice to a role or to a person, told by its audience."""

    collection: ClassVar[str] = "notifications"

    kind: Kind
    audience: str
    """A role, or the id of one person."""

    priority: Priority
    subject: str
    """What it is about: ``<collection>/<id>``."""

    title: str
    body: str
    deep_link: str
    created_at: Timestamp
    read_at: Timestamp | None = None
