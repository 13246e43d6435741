from shared.actors import Scope
from shared.entity import Id
from shared.errors import NotFound
from shared.identity.models import RoleRequest
from shared.operation import Call, operation


@operation("GET", "/v1/role-requests/{role_request_id}", scopes={Scope.ACCOUNT}, audited=False)
def get_role_request(call: Call, role_request_id: Id) -> RoleRequest:
    """Show a request for a role: your own, or any of your tenant where you may read them all."""
    with call.transaction() as txn:
        found = txn.get(RoleRequest, role_request_id)
    if found.asked_by != call.actor.id and Scope.USERS_READ not in call.actor.scopes:
        raise NotFound("you have asked for nothing by that name")
    return found
