from typing import Annotated

from pydantic import ConfigDict, Field

from shared.actors import PLATFORM, Scope
from shared.entity import Id, Text, Value
from shared.events import rules
from shared.events.events import DeadLetterReplayed
from shared.events.models import DeadLetter
from shared.operation import Call, operation


class Replay(Value):
    """Why the message is sent again."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "the consumer is repaired"}]}
    )

    reason: Annotated[Text, Field(max_length=500)]
    """Why it may succeed this time, in your words."""


@operation(
    "POST",
    "/v1/events/dead-letters/{dead_letter_id}/replay",
    scopes={Scope.EVENTS_WRITE},
    tenant=PLATFORM,
)
def replay_dead_letter(call: Call, dead_letter_id: Id, replay: Replay) -> DeadLetter:
    """
    Send a message that could not be delivered to its one consumer again.

    What is stored of the event is sent, never what once arrived. A consumer that has done it meanwhile does
    nothing; one that fails again opens this letter again.
    """
    with call.transaction() as txn:
        before = txn.get(DeadLetter, dead_letter_id)
        after = rules.replayed(before)
        event = DeadLetterReplayed(
            dead_letter_id=after.id,
            event_id=after.event_id,
            consumer=after.consumer,
            replay=after.replays,
            reason=replay.reason,
        )
        after = txn.save(after, event)
        txn.schedule(event, at=call.now, about=after)
    return after
