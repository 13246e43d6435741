from shared.approvals.events.lifecycle import ApprovalGranted
from shared.approvals.models.approvals import Approval
from shared.policy.actions import bundles, policies
from shared.policy.rules.bundles import SUBJECT
from shared.policy.rules.policies import GATE
from shared.reaction import ReactionCall, reaction


@reaction(on=ApprovalGranted)
def carry_policy_approval(call: ReactionCall, event: ApprovalGranted) -> None:
    """Put a policy or a set of bundles in force, or retire it, as somebody agreed."""
    del event
    with call.transaction() as txn:
        approval = txn.get(Approval, call.subject_id)
        if approval.gate == GATE and "policy" in approval.subject:
            policies.carry_out(txn, call, approval)
        if approval.gate == GATE and SUBJECT in approval.subject:
            bundles.carry_out(txn, call, approval)
