from shared.actors import PLATFORM, Scope
from shared.operation import Call, operation
from shared.platform.models.flags import FeatureFlag
from shared.queries import Page, Paging


@operation(
    "GET", "/v1/admin/feature-flags", scopes={Scope.FLAGS_READ}, audited=False, tenant=PLATFORM
)
def list_feature_flags(call: Call, which: Paging) -> Page[FeatureFlag]:
    """List all feature flags, with everything they say."""
    with call.transaction() as txn:
        return txn.page(FeatureFlag, which)
