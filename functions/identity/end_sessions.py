from pydantic import ConfigDict

from shared.actors import Scope
from shared.entity import Value
from shared.identity.actions import registry
from shared.identity.events import SessionsEnded
from shared.identity.models import Access, Reason, UserId
from shared.identity.rules import principals
from shared.operation import Call, operation


class Ending(Value):
    """Why somebody's sessions are ended."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "The phone was stolen this morning."}]}
    )

    reason: Reason
    """Why they are ended, in your words."""


@operation(
    "POST", "/v1/admin/users/{user_id}/sessions/end", scopes={Scope.USERS_WRITE}, in_freeze=True
)
def end_sessions(call: Call, user_id: UserId, ending: Ending) -> Access:
    """
    End every session of somebody of the caller's tenant.

    No sign-in until now counts any more, nor any token that is renewed from one: within 5 seconds where
    something is changed or governed, elsewhere within 60.
    """
    with call.transaction() as txn:
        before = registry.known(txn, user_id, call.tenant, call.now)
        after = principals.ended(before, by=call.actor, at=call.now)
        registry.keep(txn, after, SessionsEnded(user_id=user_id, reason=ending.reason))
    return Access.of(after)
