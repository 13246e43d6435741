from collections.abc import Mapping

from shared.entity import Timestamp, Value
from shared.errors import StoreUnavailable
from shared.identity import PLATFORM, Scope
from shared.operation import Call, operation
from shared.platform.flags import FeatureFlag, evaluated


class Evaluated(Value):
    """Which flags are on for the caller."""

    flags: Mapping[str, bool]
    as_of: Timestamp


@operation("GET", "/v1/feature-flags", scopes={Scope.ACCOUNT}, audited=False, tenant=PLATFORM)
def get_feature_flags(call: Call) -> Evaluated:
    """
    Say which features are switched on for the caller.

    A change shows within a minute. Where the store does not answer, the last known flags stand in; where
    none are known, everything is off.
    """
    with call.transaction() as txn:
        try:
            flags = call.memory.recall(
                "flags", lambda: txn.find(FeatureFlag).items, at=call.now, last=True
            )
        except StoreUnavailable:
            flags = ()
    found = evaluated(flags, call.actor, environment=call.environment, at=call.now)
    return Evaluated(flags=found, as_of=call.now)
