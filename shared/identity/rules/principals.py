"""The rules of identities."""

from datetime import datetime

from shared.actors import Actor, Role
from shared.errors import Conflict, Forbidden
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


def without(before: Principal, role: Role, *, by: Actor, at: datetime) -> Principal:
    """
    Return the principal without a role; what they signed in with before no longer counts.

    Raises:
        Forbidden: Nobody changes their own roles.
    """
    anothers(before, by)
    kept = {"withdrawn": tuple(sorted({*before.withdrawn, role}))}
    return signed_out(before.model_copy(update=kept), at=at)


def restored(before: Principal, role: Role, *, by: Actor) -> Principal:
    """
    Return the principal whose tokens may name a role again.

    Raises:
        Forbidden: Nobody changes their own roles.
        Conflict: It was not taken from them.
    """
    anothers(before, by)
    if role not in before.withdrawn:
        raise Conflict(f"{role} was not taken from {before.id}", rule="role_not_withdrawn")
    kept = tuple(one for one in before.withdrawn if one is not role)
    return before.model_copy(update={"withdrawn": kept})


def anothers(before: Principal, by: Actor) -> None:
    """
    Refuse whoever would change their own roles.

    Raises:
        Forbidden: They would.
    """
    if by.id == before.id:
        raise Forbidden("nobody changes their own roles; somebody else must", rule="own_roles")
