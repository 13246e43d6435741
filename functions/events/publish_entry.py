from shared.evidence import Entry
from shared.outside import EntryRelay
from shared.reaction import ReactionCall, reaction


@reaction(stored=Entry)
def publish_entry(call: ReactionCall, entry_id: str, relay: EntryRelay) -> None:
    """Publish a committed entry, and what of the same entity waits before it."""
    relay.publish(call.tenant, entry_id)
