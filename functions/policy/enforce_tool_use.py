from shared.actors import Scope
from shared.deciding import Decision
from shared.judged import STORED
from shared.operation import Call, DecisionPoint, operation
from shared.policy.actions import acts
from shared.policy.actions.remembering import begun
from shared.policy.models.acts import ToolUse, ToolUseAllowed
from shared.ports import Deployment


@operation(
    "POST", "/v1/enforce/tool-use", scopes={Scope.AGENTS_RUN}, in_freeze=True, kind="execute"
)
def enforce_tool_use(
    call: Call, body: ToolUse, decides: DecisionPoint, deployment: Deployment
) -> ToolUseAllowed:
    """
    Ask whether an agent may use a tool, or be refused.

    What is allowed is allowed once, now, and is in flight until `POST /v1/enforce/tool-use/{decision_id}/outcome` says how
    it ended: the rules over history of the tenant's policies count it, so that of several at once no more are let through
    than fit. The approval that `approval_id` names is used up by it, of several at once by exactly one; it must have been
    asked for as the refusal says (`request`), and is bound to the arguments, the step, the manifest and the policies.
    Nothing is held of a budget. A refusal names its `decision_id` and every rule, is listed with the other denials, and
    uses nothing up. An action with an effect that nobody knows is denied. Services name the customer whom it is done for
    with `X-Tenant-ID`.
    """
    with call.transaction() as txn:
        asked = acts.use(body, call, deployment)
        kept = decides.admit(call, txn, asked)
        decision = Decision.model_validate(kept.decision, context=STORED)
        begun(txn, asked, decision)
        txn.create(kept)
    return ToolUseAllowed(decision_id=decision.decision_id, obligations=decision.obligations)
