from typing import Annotated

from pydantic import ConfigDict, Field

from shared.actors import PLATFORM, Scope
from shared.agents.actions import creation
from shared.agents.events.workflows import WorkflowEnded
from shared.agents.models.parts import DEPLOYMENT
from shared.agents.models.runs import PipelineRun
from shared.agents.rules import pipeline, turns
from shared.entity import Id, Text, Value
from shared.errors import Conflict
from shared.operation import Call, operation


class Cancellation(Value):
    """Why a run is withdrawn."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "The customer no longer needs this agent."}]}
    )

    reason: Annotated[Text, Field(min_length=10, max_length=2000)]
    """Why nobody needs the run any more, in your words; it is kept as evidence."""


@operation(
    "POST",
    "/v1/workflows/{workflow_id}/cancel",
    scopes={Scope.AGENTS_WRITE},
    tenant=PLATFORM,
    in_freeze=True,
)
def cancel_workflow(call: Call, workflow_id: Id, body: Cancellation) -> PipelineRun:
    """Withdraw a run of the pipeline; its agent is rejected, and what it asked for is withdrawn."""
    with call.transaction() as txn:
        before = creation.read(txn, workflow_id, at=call.now)
        turns.going(before.run)
        if before.run.current_stage == DEPLOYMENT:
            raise Conflict("the release is under way; roll it back instead", rule="stage_conflict")
        run = pipeline.ended(before.run, "cancelled", at=call.now)
        event = WorkflowEnded(
            agent_id=run.agent_id,
            status=run.status,
            failure_code="cancelled",
            reason=body.reason,
        )
        return creation.keep(txn, call, before, before.at(run), event).run
