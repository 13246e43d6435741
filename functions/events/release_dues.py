from datetime import timedelta

from shared.reaction import Reaching, reaction


@reaction(every=timedelta(minutes=1))
def release_dues(call: Reaching) -> None:
    """Hand over every promise whose time has come to the reaction that keeps it."""
    call.outbox.release_dues()
