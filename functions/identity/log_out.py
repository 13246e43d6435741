from pydantic import ConfigDict

from shared.actors import Scope
from shared.entity import Timestamp, Value
from shared.identity.actions import registry
from shared.identity.events import LoggedOut
from shared.identity.rules import principals
from shared.operation import Call, operation


class Logout(Value):
    """How far to sign out."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"all_devices": True}]})

    all_devices: bool = False
    """What you mean to end; a token does not say its device, so all of yours end either way."""


class LoggedOutSince(Value):
    """Before when the caller's sign-ins no longer count."""

    valid_after: Timestamp
    """Tokens that were issued before this instant no longer count."""


@operation("POST", "/v1/auth/logout", scopes={Scope.ACCOUNT}, in_freeze=True)
def log_out(call: Call, logout: Logout) -> LoggedOutSince:
    """
    End the caller's sessions.

    A token does not say which device it was issued to, so every sign-in until now stops counting either
    way, with all that its tokens were renewed to; what was asked for is kept in the record.
    """
    event = LoggedOut(all_devices=logout.all_devices)
    with call.transaction() as txn:
        before = registry.known(txn, call.actor.id, call.tenant, call.now)
        registry.keep(txn, principals.signed_out(before, at=call.now), event)
    return LoggedOutSince(valid_after=call.now)
