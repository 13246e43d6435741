from shared.actors import Scope
from shared.entity import Id
from shared.operation import Call, operation
from shared.policy.actions.policies import evaluator
from shared.policy.models.policies import Policy
from shared.policy.models.trying import PolicyDocument, PolicyOutcome
from shared.policy.rules.trying import shown


@operation(
    "POST", "/v1/policies/{policy_id}/evaluate", scopes={Scope.POLICIES_READ}, in_freeze=True
)
def evaluate_policy(call: Call, policy_id: Id, body: PolicyDocument) -> PolicyOutcome:
    """
    Ask a policy what it decides about a document, by itself, whether it is in force or not.

    Nothing is changed and nothing is decided. An `output` in the document is answered as the policy lets it be seen.
    """
    with call.transaction() as txn:
        policy = txn.get(Policy, policy_id)
    return shown(evaluator(policy), dict(body.data), salt=policy.id)
