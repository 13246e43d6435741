from shared.actors import Scope
from shared.answers import Accepted
from shared.entity import Id
from shared.operation import Call, operation
from shared.policy.actions import policies
from shared.policy.models.policies import Policy, PolicyView


@operation("POST", "/v1/policies/{policy_id}/retire", scopes={Scope.POLICIES_WRITE})
def retire_policy(call: Call, policy_id: Id) -> Accepted[PolicyView] | PolicyView:
    """
    Ask that a policy is no longer in force, or take a draft back.

    What it denied would then be allowed, so the platform's Governor and the Vision Guardian agree to it. A draft denies
    nothing: it is retired at once, and no longer counts among those that a tenant may have.
    """
    with call.transaction() as txn:
        policy = txn.get(Policy, policy_id)
        if policy.status == "draft":
            return PolicyView.of(policies.withdraw(txn, call, policy))
        policy = policies.ask(txn, call, policy, "retire")
    where = policy.asking.approval_id if policy.asking else ""
    return Accepted(f"/v1/approvals/{where}", PolicyView.of(policy))
