from shared.identity.events import RoleAsked, RoleRequestClosed, RoleRequestDecided
from shared.identity.models import RoleRequest
from shared.identity.rules import notices
from shared.notifications.actions.telling import tell
from shared.reaction import ReactionCall, reaction


@reaction(on=(RoleAsked, RoleRequestDecided, RoleRequestClosed))
def notify_role_request(
    call: ReactionCall, event: RoleAsked | RoleRequestDecided | RoleRequestClosed
) -> None:
    """Tell administrators that somebody asks for a role, and whoever asked what became of it."""
    with call.transaction() as txn:
        request = txn.get(RoleRequest, call.subject_id)
        told = notices.asked if isinstance(event, RoleAsked) else notices.answered
        tell(txn, told(request, call.now))
