"""The rules of identities."""

from datetime import datetime

from shared.identities.models import Principal


def principal(id: str, tenant: str, at: datetime) -> Principal:
    """Return the principal of a caller who has none yet."""
    return Principal(
        id=id,
        tenant_id=tenant,
        created_at=at,
        updated_at=at,
        governance_agent_id="governor",
    )


def signed_out(before: Principal, *, at: datetime) -> Principal:
    """Return the principal whose tokens issued before *at* no longer count."""
    return before.model_copy(update={"valid_after": at})
