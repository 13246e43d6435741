from datetime import timedelta

from shared.reaction import Reaching, reaction


@reaction(every=timedelta(minutes=1))
def sweep_entries(call: Reaching) -> None:
    """Publish the entries that were committed and, because of a crash, never published."""
    call.outbox.sweep()
