from datetime import timedelta

from shared.events.actions import letters
from shared.events.actions.letters import Undelivered
from shared.observability import Enforcing
from shared.reaction import ReactionCall, reaction

LATER = timedelta(minutes=15)


@reaction(undelivered=True)
def keep_dead_letter(call: ReactionCall, given: Undelivered, enforcing: Enforcing) -> None:
    """
    Keep a message that the broker gave up, so that it can be seen and sent again.

    While nothing is governed, or everything is frozen, it is sent again by itself: its consumer may have been kept from it.
    """
    state = enforcing.state(call.now)
    held = state.frozen or state.level == "off"
    with call.transaction() as txn:
        letters.keep(txn, given, at=call.now, again_at=call.now + LATER if held else None)
