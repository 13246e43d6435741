from shared.actors import Scope
from shared.entity import Id
from shared.operation import Call, operation
from shared.policy.actions.policies import evaluator
from shared.policy.models.policies import Policy
from shared.policy.models.trying import PolicyCases, PolicyTestReport
from shared.policy.rules.trying import report


@operation("POST", "/v1/policies/{policy_id}/test", scopes={Scope.POLICIES_READ}, in_freeze=True)
def test_policy(call: Call, policy_id: Id, body: PolicyCases) -> PolicyTestReport:
    """Run the tests of a policy, and other cases besides; nothing is changed."""
    with call.transaction() as txn:
        policy = txn.get(Policy, policy_id)
    return report(evaluator(policy), body.cases, policy.warnings)
