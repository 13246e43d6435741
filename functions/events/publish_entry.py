from shared.evidence import Entry
from shared.reaction import Reaching, reaction


@reaction(stored=Entry)
def publish_entry(call: Reaching, entry_id: str) -> None:
    """Publish a committed entry, and what of the same entity waits before it."""
    call.outbox.publish(call.tenant, entry_id)
