from datetime import timedelta

from shared.outside import EntryRelay
from shared.reaction import ReactionCall, reaction


@reaction(every=timedelta(minutes=1))
def sweep_entries(_: ReactionCall, relay: EntryRelay) -> None:
    """Publish the entries that were committed and, because of a crash, never published."""
    relay.sweep()
