from shared.actors import Scope
from shared.entity import DecisionId
from shared.errors import Conflict
from shared.operation import Call, operation
from shared.policy.actions.remembering import allowed, ended
from shared.policy.models.acts import ToolUseOutcome


@operation(
    "POST",
    "/v1/enforce/tool-use/{decision_id}/outcome",
    scopes={Scope.AGENTS_RUN},
    in_freeze=True,
)
def end_tool_use(call: Call, decision_id: DecisionId, body: ToolUseOutcome) -> ToolUseOutcome:
    """
    Say how the use of a tool ended that was allowed.

    What is done counts for the rules over history from now on, for as long as each looks back; what failed is known not
    to have happened and counts no longer. Until then, and where nobody says it, it counts as in flight. Said again it
    changes nothing; what was said to be done cannot have failed.
    """
    id = decision_id.rpartition(".")[2]
    with call.transaction() as txn:
        if not ended(txn, allowed(txn, id), body.ended, at=call.now):
            raise Conflict("this was said to be done, and what is done cannot have failed")
    return body
