from shared.events.actions import letters
from shared.events.actions.letters import Undelivered
from shared.reaction import ReactionCall, reaction


@reaction(undelivered=True)
def keep_dead_letter(call: ReactionCall, given: Undelivered) -> None:
    """Keep a message that the broker gave up, so that it can be seen and sent again."""
    with call.transaction() as txn:
        letters.keep(txn, given, at=call.now)
