from datetime import timedelta

from shared.outside import DueRelay
from shared.reaction import ReactionCall, reaction


@reaction(every=timedelta(minutes=1))
def release_dues(_: ReactionCall, relay: DueRelay) -> None:
    """Hand over every promise whose time has come to the reaction that keeps it."""
    relay.release_dues()
