from datetime import timedelta

from shared.outside import EntryRelay
from shared.reaction import Reaching, reaction


@reaction(every=timedelta(minutes=1))
def sweep_entries(_: Reaching, relay: EntryRelay) -> None:
    """Publish the entries that were committed and, because of a crash, never published."""
    relay.sweep()
