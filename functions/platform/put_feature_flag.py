from shared.actors import PLATFORM, Scope
from shared.answers import CreatedHere
from shared.operation import Call, operation
from shared.platform.events import FlagSet
from shared.platform.models.flags import FeatureFlag, FlagKey, FlagSetting
from shared.platform.rules.flags import put


@operation("PUT", "/v1/admin/feature-flags/{key}", scopes={Scope.FLAGS_WRITE}, tenant=PLATFORM)
def put_feature_flag(
    call: Call, key: FlagKey, setting: FlagSetting
) -> FeatureFlag | CreatedHere[FeatureFlag]:
    """
    Set a feature flag.

    ``If-Match`` names the version that was read, the empty one for a new flag. What is enforced cannot be
    put behind a flag: a name that begins like that is refused.
    """
    with call.transaction() as txn:
        before = txn.get_or_none(FeatureFlag, key)
        count = 0 if before else txn.count(FeatureFlag)
        after = put(before, key, setting, seen=call.if_match, at=call.now, count=count)
        event = FlagSet(
            key=key,
            enabled=after.enabled,
            rollout_bp=after.rollout_bp,
            reason=setting.reason,
        )
        return txn.save(after, event) if before else CreatedHere(txn.create(after, event))
