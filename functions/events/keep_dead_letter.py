from uuid import NAMESPACE_OID, uuid5

from shared.events.letters import Undelivered, letter
from shared.events.models import DeadLetter
from shared.reaction import Reaching, reaction


@reaction(undelivered=True)
def keep_dead_letter(call: Reaching, given: Undelivered) -> None:
    """
    Keep a message that the broker gave up, so that it can be seen and sent again.

    Its id is made of what it is, so that the same letter is kept once; why it was given up is in the consumer's log.
    """
    about = given.message.attributes
    name = f"{given.consumer}:{about.get('id', '')}:{about.get('replayid', 0)}"
    id = str(uuid5(NAMESPACE_OID, name))
    with call.transaction() as txn:
        if txn.peek(DeadLetter, id) is None:
            why = f"{given.consumer} failed; its log says why"
            txn.create(*letter(given, id=id, at=call.now, code="undelivered", error=why))
