from shared.actors import PLATFORM, Scope
from shared.observability import Enforcing
from shared.operation import Call, operation
from shared.policy.actions import bundles
from shared.policy.models.bundles import MAX_BYTES, BundlePublication, PublishedBundles


@operation(
    "POST",
    "/v1/policy/bundles",
    scopes={Scope.BUNDLES_WRITE},
    tenant=PLATFORM,
    max_bytes=MAX_BYTES,
)
def publish_policy_bundle(
    call: Call, body: BundlePublication, enforcing: Enforcing
) -> PublishedBundles:
    """
    Publish a policy bundle with its tests, and ask that it comes into force.

    Everything that is wrong with it is told at once, and the answer shows which of the latest decisions it would change.
    Somebody else agrees: the Governor, and more people where something that was denied or had to be asked for would be
    weaker. From then on every process decides by it within a minute. Back to a set that was in force it goes at once where
    that is stricter. The bundles that guard the platform itself come with each release and are not published.
    """
    with call.transaction() as txn:
        return bundles.publish(txn, call, enforcing, body)
