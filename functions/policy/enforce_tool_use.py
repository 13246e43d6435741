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
    than fit. No approval is used up, and nothing is held of a budget. A refusal names its `decision_id` and every rule,
    and is listed with the other denials. An action with an effect that nobody knows is denied. Services name the customer
    whom it is done for with `X-Tenant-ID`.
    """
    with call.transaction() as txn:
        asked = acts.use(body, call, deployment)
        kept = decides.decide(call, txn, asked)
        decision = Decision.model_validate(kept.decision, context=STORED)
        if decision.verdict in {"deny", "require_approval"}:
            raise decides.refusal(decision)
        begun(txn, asked, decision)
        txn.create(kept)
    return ToolUseAllowed(decision_id=decision.decision_id, obligations=decision.obligations)
