from shared.actors import Scope
from shared.answers import Accepted
from shared.entity import Id
from shared.operation import Call, operation
from shared.policy.actions import policies
from shared.policy.models.policies import Policy, PolicyView


@operation("POST", "/v1/policies/{policy_id}/activate", scopes={Scope.POLICIES_WRITE})
def activate_policy(call: Call, policy_id: Id) -> Accepted[PolicyView]:
    """
    Ask that a draft comes into force, in the place of the version that is.

    All its tests pass, and each rule that denies has one. Somebody else agrees, who neither asked nor wrote it: the
    Governor of the account, or the platform's where the account wrote it itself, or something would be weaker than it was
    in the recorded decisions. From the next change on it counts.
    """
    with call.transaction() as txn:
        policy = policies.ask(txn, call, txn.get(Policy, policy_id), "activate")
    where = policy.asking.approval_id if policy.asking else ""
    return Accepted(f"/v1/approvals/{where}", PolicyView.of(policy))
