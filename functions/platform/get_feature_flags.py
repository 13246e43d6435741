from collections.abc import Mapping

from shared.actors import PLATFORM, Scope
from shared.entity import Timestamp, Value
from shared.errors import StoreUnavailable
from shared.observability import Memory
from shared.operation import Call, operation
from shared.platform.models.flags import FeatureFlag
from shared.platform.rules.flags import evaluated
from shared.ports import Deployment


class Evaluated(Value):
    """Which flags are on for the caller."""

    flags: Mapping[str, bool]
    """By the flag's key: whether it is on for you."""
    as_of: Timestamp
    """When that was worked out."""


@operation("GET", "/v1/feature-flags", scopes={Scope.ACCOUNT}, audited=False, tenant=PLATFORM)
def get_feature_flags(call: Call, memory: Memory, deployment: Deployment) -> Evaluated:
    """
    Say which features are switched on for the caller.

    A change shows within a minute. Where the store does not answer, the last known flags stand in; where
    none are known, everything is off.
    """
    with call.transaction() as txn:
        try:
            flags = memory.recall("flags", lambda: txn.all(FeatureFlag), at=call.now, last=True)
        except StoreUnavailable:
            flags = ()
    found = evaluated(flags, call.actor, environment=deployment.environment, at=call.now)
    return Evaluated(flags=found, as_of=call.now)
