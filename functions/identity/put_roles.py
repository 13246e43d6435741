from typing import Annotated

from pydantic import ConfigDict, Field

from shared.actors import Role, Scope
from shared.entity import Value
from shared.identity.actions import granting
from shared.identity.models import Access, Reason, UserId
from shared.operation import Call, operation


class RolesDecision(Value):
    """Which roles somebody holds, and why."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "roles": ["viewer", "helpdesk_agent"],
                    "reason": "They answer customers from this week on.",
                }
            ]
        }
    )

    roles: Annotated[tuple[Role, ...], Field(min_length=1, max_length=len(Role))]
    """All roles that they hold from now on."""
    reason: Reason
    """Why, in your words."""


@operation("PUT", "/v1/admin/users/{user_id}/roles", scopes={Scope.USERS_DECIDE}, versioned=False)
def put_roles(call: Call, user_id: UserId, body: RolesDecision) -> Access:
    """
    Decide which roles somebody of the caller's tenant holds, whatever their sign-in says.

    Administrators do, and not for themselves; all sessions of that person end. The last administrator stays one, and
    the offices of one person (Governor, deputy, a customer's administrator) are set up with the deployment.
    """
    with call.transaction() as txn:
        after = granting.set_roles(
            txn, user_id, body.roles, by=call.actor, at=call.now, reason=body.reason
        )
    return Access.of(after)
