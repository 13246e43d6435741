from shared.actors import PLATFORM
from shared.events import rules
from shared.events.events import DeadLetterDropped, DeadLetterReplayed
from shared.events.models import DeadLetter
from shared.outside import LetterRelay
from shared.reaction import ReactionCall, reaction


@reaction(due=DeadLetterReplayed)
def resend_message(call: ReactionCall, event: DeadLetterReplayed, relay: LetterRelay) -> None:
    """
    Publish what is stored of a replayed message once more, for its one consumer.

    What is not there any more, an old entry or a promise that was kept meanwhile, ends the letter.
    """
    with call.transaction() as txn:
        letter = txn.get(DeadLetter, event.dead_letter_id)
        sent = relay.resend(
            letter.topic,
            letter.attributes.get("tenantid", PLATFORM),
            letter.event_id,
            consumer=letter.consumer,
            replay=event.replay,
        )
        if not sent:
            dropped = DeadLetterDropped(
                dead_letter_id=letter.id,
                event_id=letter.event_id,
                consumer=letter.consumer,
                reason="there is nothing left to send",
            )
            txn.save(rules.dropped(letter), dropped)
