"""What is kept of a message that was given up: one letter for each consumer of an event."""

from datetime import datetime
from uuid import NAMESPACE_OID, uuid5

from shared.actors import PLATFORM
from shared.bus import Message
from shared.canonical import digest
from shared.entity import written
from shared.events import rules
from shared.events.events import DeadLetterReplayed, EventDeadLettered
from shared.events.models import DeadLetter
from shared.records import dataclass
from shared.store import Transaction

HELD = "nothing was governed, or everything was frozen, when it was given up"
"""Why a message is sent again by itself."""


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


def keep(
    txn: Transaction, given: Undelivered, *, at: datetime, again_at: datetime | None = None
) -> None:
    """
    Keep a message that was given up; the same giving up told twice changes nothing the second time.

    Args:
        txn: The transaction.

        given: The message.

        at: Now.

        again_at: When it is sent again by itself; None where somebody must say so.
    """
    before = txn.get_or_none(DeadLetter, given.letter_id)
    event = EventDeadLettered(
        event_id=given.message.attributes.get("id", ""),
        type=given.message.attributes.get("type", ""),
        consumer=given.consumer,
        error_code=given.code,
    )
    if before is None:
        after = txn.create(_sent(_letter(given, at), again_at), event)
    elif rules.failed_again(before, given.replay):
        after = txn.save(_sent(_reopened(before, given, at), again_at), event)
    else:
        return
    if again_at and after.status == "replayed":
        again = DeadLetterReplayed(
            dead_letter_id=after.id,
            event_id=after.event_id,
            consumer=after.consumer,
            replay=after.replays,
            reason=HELD,
        )
        txn.schedule(again, at=again_at, about=after)


def _sent(letter: DeadLetter, again_at: datetime | None) -> DeadLetter:
    return rules.replayed(letter) if again_at and letter.proven else letter


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
