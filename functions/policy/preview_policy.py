from shared.actors import Scope
from shared.entity import Id
from shared.operation import Call, operation
from shared.policy.actions import policies
from shared.policy.models.policies import Change, Policy
from shared.policy.models.whatif import WhatIf, WhatIfRequest


@operation("POST", "/v1/policies/{policy_id}/what-if", scopes={Scope.POLICIES_READ}, in_freeze=True)
def preview_policy(call: Call, policy_id: Id, body: WhatIfRequest) -> WhatIf:
    """
    Decide recorded acts again as if a policy had been in force, and show which would have been decided otherwise.

    Nothing is changed. Of a draft it shows what it would deny, ask for or oblige to; in the place of a version that is
    in force also what would no longer be; of a policy that is in force, what would be without it.
    """
    with call.transaction() as txn:
        policy = txn.get(Policy, policy_id)
        change: Change = "retire" if policy.status == "active" else "activate"
        return policies.what_if(txn, policy, change, body.limit)
