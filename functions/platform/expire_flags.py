from shared.platform.events import FlagExpired
from shared.platform.models.flags import FeatureFlag
from shared.platform.rules.flags import expired
from shared.reaction import ReactionCall, reaction


@reaction(at="00:10")
def expire_flags(call: ReactionCall) -> None:
    """Switch off the flags whose time is over; they counted as off from that moment on."""
    with call.transaction() as txn:
        for before in txn.loosely("the next sweep sees what this one does not").all(
            FeatureFlag, enabled=True
        ):
            after = expired(before, at=call.now)
            if after and after.expires_at:
                txn.save(after, FlagExpired(key=after.key, expires_at=after.expires_at))
