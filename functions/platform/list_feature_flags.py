from pydantic import Field

from shared.entity import Opaque, Value
from shared.identity import PLATFORM, Scope
from shared.operation import Call, operation
from shared.platform.flags import FeatureFlag
from shared.queries import Page


class WhichFlags(Value):
    """WhichFlags flags."""

    limit: int = Field(20, ge=1, le=100)
    cursor: Opaque | None = None


@operation(
    "GET", "/v1/admin/feature-flags", scopes={Scope.FLAGS_READ}, audited=False, tenant=PLATFORM
)
def list_feature_flags(call: Call, which: WhichFlags) -> Page[FeatureFlag]:
    """List all feature flags, with everything they say."""
    with call.transaction() as txn:
        return txn.find(FeatureFlag, limit=which.limit, cursor=which.cursor)
