"""What happens to messages that were given up, as it is announced."""

from dataclasses import replace
from typing import Annotated

from shared.entity import Code, Event, Said, Traits
from shared.evidence import Unproven
from shared.judged import Masked


class EventDeadLettered(
    Event,
    action="event.dead_lettered",
    category="configuration_change",
    topic="operations-events",
    outcome="failure",
    severity="error",
):
    """A message was given up, for the first time or again after it was sent again."""

    event_id: Said
    type: Said
    consumer: Said
    error_code: Said

    def as_told(self) -> Traits:
        """Return its traits: it is critical where somebody said what nobody entered."""
        forged = self.error_code == Unproven.code
        return replace(self.traits, severity="critical") if forged else self.traits


class DeadLetterReplayed(Event, action="event.replayed", category="configuration_change"):
    """A message that was given up is sent again."""

    dead_letter_id: Code
    event_id: Said
    consumer: Said
    replay: int
    reason: Annotated[str, Masked(kept=4000)]


class DeadLetterDropped(Event, action="event.dropped", category="configuration_change"):
    """A message will not be sent again: there is nothing left to send."""

    dead_letter_id: Code
    event_id: Said
    consumer: Said
    reason: Annotated[str, Masked(kept=4000)]
