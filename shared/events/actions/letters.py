"""What is kept of a message that was given up: one letter for each consumer of an event."""

from datetime import datetime
from uuid import NAMESPACE_OID, uuid5

from shared.actors import PLATFORM
from shared.bus import Message
from shared.canonical import digest
from shared.entity import written
from shared.events import rules
from shared.events.events import EventDeadLettered
from shared.events.models import DeadLetter
from shared.records import dataclass
from shared.store import Transaction


@dataclass(frozen=True)
class Undelivered:
    """A message that one consumer could not take."""

    message: Message
    consumer: str
    attempts: int
    first_at: str = ""
    code: str = "undelivered"
    error: str = "the log of its consumer says why"
    proven: bool = True
    """Whether what is stored says what it says."""

    @property
    def letter_id(self) -> str:
        """
        The id of its letter.

        An event has one letter for each consumer, however often it is given up. What is not proven says nothing
        about the event whose id it bears, and is another letter.
        """
        about = self.message.attributes
        name = f"{self.consumer}:{about.get('id', '')}"
        if not self.proven:
            name += f":{digest([about, self.message.data.hex()])}"
        return str(uuid5(NAMESPACE_OID, name))

    @property
    def replay(self) -> int:
        """Which time it was sent again; 0 for the first delivery."""
        said = self.message.attributes.get("replayid", "")
        return int(said) if said.isdecimal() else 0


def keep(txn: Transaction, given: Undelivered, *, at: datetime) -> None:
    """Keep a message that was given up; the same giving up told twice changes nothing the second time."""
    before = txn.get_or_none(DeadLetter, given.letter_id)
    event = EventDeadLettered(
        event_id=given.message.attributes.get("id", ""),
        type=given.message.attributes.get("type", ""),
        consumer=given.consumer,
        error_code=given.code,
    )
    if before is None:
        txn.create(_letter(given, at), event)
    elif rules.failed_again(before, given.replay):
        txn.save(_reopened(before, given, at), event)


def _letter(given: Undelivered, at: datetime) -> DeadLetter:
    message = given.message
    return DeadLetter(
        id=given.letter_id,
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
        error_code=given.code,
        error=given.error,
        topic=message.topic,
        attributes=message.attributes,
        data=message.data.decode(errors="replace"),
        proven=given.proven,
    )


def _reopened(before: DeadLetter, given: Undelivered, at: datetime) -> DeadLetter:
    return before.model_copy(
        update={
            "status": "open",
            "attempts": before.attempts + given.attempts,
            "last_at": written(at),
            "error_code": given.code,
            "error": given.error,
        }
    )
