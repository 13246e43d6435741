from pydantic import ConfigDict

from shared.actors import Role, Scope
from shared.entity import Value
from shared.identity.actions import registry
from shared.identity.events import RoleRestored
from shared.identity.models import Access, Reason, UserId, Vacancy
from shared.identity.rules import grants
from shared.identity.rules.members import KEEPERS
from shared.operation import Call, operation


class RoleRestoration(Value):
    """Which role counts again, and why."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"role": "viewer", "reason": "They are back, and the review found nothing."}
            ]
        }
    )

    role: Role
    """Which role."""
    reason: Reason
    """Why it is given back, in your words."""


@operation("POST", "/v1/admin/users/{user_id}/roles/restore", scopes={Scope.USERS_WRITE})
def restore_role(call: Call, user_id: UserId, body: RoleRestoration) -> Access:
    """
    Let a role count again that was taken from somebody of the caller's tenant.

    It gives nobody a role: the sign-in does, and this record only takes away.
    """
    with call.transaction() as txn:
        before = registry.known(txn, user_id, call.tenant, call.now)
        after = grants.restored(before, body.role, by=call.actor)
        vacancy = txn.get_or_none(Vacancy, body.role.value) if body.role in KEEPERS else None
        if vacancy is not None:
            txn.delete(vacancy)
        registry.keep(txn, after, RoleRestored(user_id=user_id, role=body.role, reason=body.reason))
    return Access.of(after)
