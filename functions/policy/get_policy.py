from shared.actors import Scope
from shared.entity import Id
from shared.operation import Call, operation
from shared.policy.models.policies import Policy, PolicyView


@operation("GET", "/v1/policies/{policy_id}", scopes={Scope.POLICIES_READ}, audited=False)
def get_policy(call: Call, policy_id: Id) -> PolicyView:
    """Show one version of a policy, as it is laid out, with what its author should look at."""
    with call.transaction() as txn:
        return PolicyView.of(txn.get(Policy, policy_id))
