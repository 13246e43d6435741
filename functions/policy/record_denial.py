from shared.actors import PLATFORM
from shared.identity.events import PolicyDenied
from shared.policy.actions.denials import recorded
from shared.reaction import ReactionCall, reaction


@reaction(on=PolicyDenied)
def record_denial(call: ReactionCall, event: PolicyDenied) -> None:
    """Put a denial into the list of all tenants', where whoever looks into them finds it."""
    with call.transaction() as txn:
        denial = recorded(txn, event, call)
    with call.within(PLATFORM, "staff look through the denials of all tenants") as txn:
        txn.create(denial)
