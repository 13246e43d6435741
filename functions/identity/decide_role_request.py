from pydantic import ConfigDict

from shared.actors import Scope
from shared.entity import Id, Value
from shared.identity.actions import granting
from shared.identity.events import RoleRequestDecided
from shared.identity.models import Reason, RoleRequest
from shared.identity.rules import grants
from shared.operation import Call, operation


class RoleAnswer(Value):
    """Whether a role is given, and why."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"grant": True, "reason": "They answer customers from Monday on."}]
        }
    )

    grant: bool
    """Whether it is given."""
    reason: Reason
    """Why, or why not, in your words."""


@operation("POST", "/v1/role-requests/{role_request_id}/decide", scopes={Scope.USERS_DECIDE})
def decide_role_request(call: Call, role_request_id: Id, answer: RoleAnswer) -> RoleRequest:
    """
    Give the role that somebody asked for, or do not.

    Administrators decide, and nobody their own request. With a new role all sessions of that person end.
    """
    with call.transaction() as txn:
        before = txn.get(RoleRequest, role_request_id)
        after = grants.answered(
            before, grant=answer.grant, because=answer.reason, by=call.actor, at=call.now
        )
        who = before.asked_by
        if answer.grant:
            wanted = granting.roles_of(txn, who, call.now) | {before.role}
            granting.set_roles(txn, who, wanted, by=call.actor, at=call.now, reason=answer.reason)
        event = RoleRequestDecided(
            user_id=who, role=before.role, granted=answer.grant, reason=answer.reason
        )
        return txn.save(after, event)
