from shared.actors import Role, Scope
from shared.entity import Value
from shared.operation import Call, operation


class Me(Value):
    """The caller, as we know them."""

    id: str
    """Who you are, as your token names you."""
    tenant: str
    """The tenant you act in; `platform` is the platform's own."""
    roles: tuple[Role, ...]
    """What you are; the roles say which scopes you hold."""
    scopes: tuple[Scope, ...]
    """What you may do: every operation names the scopes it asks for."""


@operation("GET", "/v1/me", scopes={Scope.ACCOUNT}, audited=False)
def get_me(call: Call) -> Me:
    """
    Tell the caller who they are and what that allows.

    Everything comes from the verified token; scopes follow from the roles by the one table.
    """
    return Me(
        id=call.actor.id,
        tenant=call.actor.tenant,
        roles=tuple(sorted(call.actor.roles)),
        scopes=tuple(sorted(call.actor.scopes)),
    )
