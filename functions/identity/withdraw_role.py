from pydantic import ConfigDict

from shared.actors import Role, Scope
from shared.entity import Value
from shared.identity.actions import granting, registry
from shared.identity.events import RoleWithdrawn
from shared.identity.models import Access, Member, Reason, UserId
from shared.identity.rules import grants, members
from shared.operation import Call, operation


class RoleWithdrawal(Value):
    """Which role is taken, and why."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "role": "viewer",
                    "reason": "They left the team; the sign-in is still being changed.",
                }
            ]
        }
    )

    role: Role
    """Which role."""
    reason: Reason
    """Why it is taken, in your words."""


@operation(
    "POST", "/v1/admin/users/{user_id}/roles/withdraw", scopes={Scope.USERS_WRITE}, in_freeze=True
)
def withdraw_role(call: Call, user_id: UserId, body: RoleWithdrawal) -> Access:
    """
    Take a role from somebody of the caller's tenant, whatever their tokens say.

    Their sessions end with it; what other roles allow, they may again after signing in. It holds within 5
    seconds where something is changed or governed, elsewhere within 60.
    """
    with call.transaction() as txn:
        before = registry.known(txn, user_id, call.tenant, call.now)
        after = grants.without(before, body.role, by=call.actor, at=call.now)
        member = txn.get_or_none(Member, user_id)
        held = frozenset(member.roles) if member else frozenset()
        granting.keep_one_admin(txn, user_id, held, held - {body.role}, at=call.now)
        vacancy = members.vacated(member, body.role, call.now)
        if vacancy is not None:
            txn.save(vacancy)
        if member is not None:
            txn.save(members.without(member, body.role))
        registry.keep(
            txn, after, RoleWithdrawn(user_id=user_id, role=body.role, reason=body.reason)
        )
    return Access.of(after)
