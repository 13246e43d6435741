from shared.actors import PLATFORM, Scope
from shared.operation import Call, operation
from shared.policy.actions.standing import freeze
from shared.policy.models.standing import STANDING, Freeze, Freezing, PolicyStanding


@operation(
    "PUT",
    "/v1/policy/freeze",
    scopes={Scope.POLICY_FREEZE},
    tenant=PLATFORM,
    versioned=False,
    in_freeze=True,
)
def set_freeze(call: Call, body: Freezing) -> Freeze:
    """
    Freeze the platform, or let it go on.

    While it is frozen everything that would change something is refused, but for approvals, objections, suspensions,
    revocations, evidence and the freeze itself. It holds within five seconds everywhere. It takes no version, as
    whoever must stop everything has no time to read.
    """
    with call.transaction() as txn:
        before = txn.get(PolicyStanding, STANDING)
        return Freeze.of(freeze(txn, before, body, call))
