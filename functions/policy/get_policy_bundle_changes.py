from shared.actors import PLATFORM, Scope
from shared.entity import Code, Hex64, Value
from shared.operation import Call, operation
from shared.policy.models.bundles import PublishedBundles
from shared.policy.models.differences import BundleChanges
from shared.policy.models.sets import PolicySet
from shared.policy.models.standing import STANDING, PolicyStanding
from shared.policy.rules.differences import changes


class WhichModule(Value):
    """Which module of it."""

    module: Code | None = None
    """Only this one, by its path; all that differ where none is named."""


@operation(
    "GET",
    "/v1/policy/bundles/{bundle_id}/changes",
    scopes={Scope.BUNDLES_READ},
    tenant=PLATFORM,
    audited=False,
)
def get_policy_bundle_changes(call: Call, bundle_id: Hex64, which: WhichModule) -> BundleChanges:
    """
    Show what a set of policy bundles says otherwise than the one in force: each module whole, and line by line.

    Whoever decides whether it comes into force reads it here; it is named by its digest, so this is what they decide about.
    """
    with call.transaction() as txn:
        one = txn.get(PublishedBundles, bundle_id)
        standing = txn.get(PolicyStanding, STANDING)
        before = one.asking.before if one.asking else standing.bundle
        return changes(txn.get(PolicySet, before), txn.get(PolicySet, one.id), module=which.module)
