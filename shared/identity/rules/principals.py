"""The rules of identities."""

from datetime import datetime

from shared.actors import Actor
from shared.errors import Conflict
from shared.identity.models import Principal


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
    """Return the principal whose sign-ins before *at* no longer count."""
    return before.model_copy(update={"valid_after": at})


def ended(before: Principal, *, by: Actor, at: datetime) -> Principal:
    """
    Return the principal whose sessions somebody else ends.

    Raises:
        Conflict: It is their own, which they sign out of.
    """
    if by.id == before.id:
        raise Conflict("end your own sessions with POST /v1/auth/logout", rule="own_sessions")
    return signed_out(before, at=at)
