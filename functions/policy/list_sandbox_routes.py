from shared.actors import Scope
from shared.operation import Call, operation
from shared.policy.models.routes import SandboxRoutes
from shared.policy.rules.routes import ROUTES


@operation("GET", "/v1/policy/sandbox-routes", scopes={Scope.POLICY_READ}, audited=False)
def list_sandbox_routes(call: Call) -> SandboxRoutes:  # noqa: ARG001 - it is the same for everybody
    """
    List where the calls of trials go in place of the real ones.

    An agent can neither see nor choose its route: the decision names it, and the platform takes it.
    """
    return SandboxRoutes(items=ROUTES)
