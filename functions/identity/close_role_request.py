from shared.identity.events import RoleRequestClosed, RoleRequestDue
from shared.identity.models import RoleRequest
from shared.identity.rules import grants
from shared.reaction import ReactionCall, reaction


@reaction(due=RoleRequestDue)
def close_role_request(call: ReactionCall, _: RoleRequestDue) -> None:
    """Close a request for a role that nobody decided in three days: silence gives none."""
    with call.transaction() as txn:
        after = grants.closed(txn.get(RoleRequest, call.subject_id), call.now)
        if after:
            txn.save(after, RoleRequestClosed(user_id=after.asked_by, role=after.role))
