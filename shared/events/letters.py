"""What is kept of a message that was given up."""

from dataclasses import dataclass
from datetime import datetime

from shared.bus import Message
from shared.entity import written
from shared.events.models import DeadLetter, EventDeadLettered
from shared.identity import PLATFORM


@dataclass(frozen=True)
class Undelivered:
    """A message that one consumer could not take."""

    message: Message
    consumer: str
    attempts: int
    first_at: str = ""


def letter(
    given: Undelivered, *, id: str, at: datetime, code: str, error: str
) -> tuple[DeadLetter, EventDeadLettered]:
    """Return the dead letter of a message, and the event that says that there is one."""
    message = given.message
    kept = DeadLetter(
        id=id,
        tenant_id=PLATFORM,
        created_at=at,
        updated_at=at,
        governance_agent_id="governor",
        event_id=message.attributes.get("id", ""),
        type=message.attributes.get("type", ""),
        subject=message.subject,
        consumer=given.consumer,
        attempts=given.attempts,
        first_at=given.first_at,
        last_at=written(at),
        error_code=code,
        error=error,
        topic=message.topic,
        attributes=message.attributes,
        data=message.data.decode(errors="replace"),
    )
    event = EventDeadLettered(
        event_id=kept.event_id, type=kept.type, consumer=kept.consumer, error_code=code
    )
    return kept, event
