from shared.actors import Scope
from shared.deciding import Decision
from shared.judged import STORED
from shared.operation import Call, DecisionPoint, operation
from shared.policy.actions import acts
from shared.policy.actions.denials import enter
from shared.policy.models.acts import PolicyAnswer, PolicyQuestion
from shared.ports import Deployment


@operation("POST", "/v1/policy/evaluate", scopes={Scope.AGENTS_RUN}, in_freeze=True)
def evaluate_act(
    call: Call, body: PolicyQuestion, decides: DecisionPoint, deployment: Deployment
) -> PolicyAnswer:
    """
    Have the rules decide what an agent, a run or a step is about to do.

    It is the decision that every operation of the platform is under, for what is done outside of one. The answer is 200
    whatever the verdict, and is kept, signed; what is not let be done is entered as a denial. What is known of the
    agent, its budgets and its approval is looked up: a request that claims it is refused, and so is one with a granted
    approval that the act could not use (403 `approval_mismatch`). Services name the customer whom it is done for with
    `X-Tenant-ID`. Nothing is used up or held.
    """
    with call.transaction() as txn:
        kept = decides.decide(call, txn, acts.question(body, call, deployment))
        decision = Decision.model_validate(kept.decision, context=STORED)
        if decision.verdict in {"deny", "require_approval"}:
            enter(txn, decision, body, call)
        txn.create(kept)
    return acts.answer(decision, kept)
