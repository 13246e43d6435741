from pydantic import ConfigDict

from shared.actors import Role, Scope
from shared.answers import Created
from shared.entity import Value
from shared.identity.events import RoleAsked, RoleRequestDue
from shared.identity.models import Reason, RoleRequest
from shared.identity.rules import grants
from shared.operation import Call, operation


class RoleWish(Value):
    """Which role somebody asks for, and why."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"role": "helpdesk_agent", "reason": "I am to answer customers from Monday on."}
            ]
        }
    )

    role: Role
    """Which role."""
    reason: Reason
    """Why you need it, in your words."""


@operation("POST", "/v1/role-requests", scopes={Scope.ACCOUNT})
def create_role_request(call: Call, wish: RoleWish) -> Created[RoleRequest]:
    """
    Ask for a role.

    An administrator of your tenant decides within three days; what nobody decides is closed, and the role not given.
    """
    with call.transaction() as txn:
        open_ones = txn.all(RoleRequest, asked_by=call.actor.id, status="open")
        until = call.now + grants.DECIDED_IN
        asked = RoleRequest(
            id=call.new_id(),
            tenant_id=call.tenant,
            created_at=call.now,
            updated_at=call.now,
            governance_agent_id="governor",
            asked_by=call.actor.id,
            role=wish.role,
            reason=wish.reason,
            until=until,
        )
        made = txn.create(
            grants.opened(asked, open_ones, by=call.actor),
            RoleAsked(role=wish.role, reason=wish.reason),
        )
        txn.schedule(RoleRequestDue(role=wish.role), at=until, about=made)
    return Created(f"/v1/role-requests/{made.id}", made)
