from shared.events.models import DeadLetter, DeadLetterReplayed
from shared.reaction import Reaching, reaction


@reaction(due=DeadLetterReplayed)
def resend_message(call: Reaching, event: DeadLetterReplayed) -> None:
    """Publish a replayed message once more."""
    with call.transaction() as txn:
        letter = txn.get(DeadLetter, event.dead_letter_id)
    attributes = letter.attributes | {"replayid": str(event.replay)}
    call.outbox.resend(letter.topic, letter.subject, attributes, letter.data)
