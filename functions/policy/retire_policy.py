from shared.actors import Scope
from shared.answers import Accepted
from shared.entity import Id
from shared.operation import Call, operation
from shared.policy.actions import policies
from shared.policy.models.policies import Policy, PolicyView


@operation("POST", "/v1/policies/{policy_id}/retire", scopes={Scope.POLICIES_WRITE})
def retire_policy(call: Call, policy_id: Id) -> Accepted[PolicyView]:
    """
    Ask that a policy is no longer in force.

    What it denied would then be allowed, so the platform's Governor and the Vision Guardian agree to it.
    """
    with call.transaction() as txn:
        policy = policies.ask(txn, call, txn.get(Policy, policy_id), "retire")
    where = policy.asking.approval_id if policy.asking else ""
    return Accepted(f"/v1/approvals/{where}", PolicyView.of(policy))
