from typing import Annotated

from pydantic import ConfigDict, Field

from shared.agents import pipeline, story, undoing
from shared.agents.runs import PipelineRun, WorkflowEnded
from shared.agents.story import Story
from shared.entity import Id, Printed, Value
from shared.identity import PLATFORM, Scope
from shared.operation import Call, operation


class Breakdown(Value):
    """What went wrong in the workflow itself."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "HTTP server responded with error code 500"}]}
    )

    reason: Annotated[Printed, Field(max_length=4000)]
    """What the workflow engine said; where it said nothing, the run ends with a sentence of ours."""


@operation(
    "POST",
    "/v1/workflows/{workflow_id}/fail",
    scopes={Scope.AGENTS_RUN},
    tenant=PLATFORM,
)
def fail_workflow(call: Call, workflow_id: Id, body: Breakdown) -> PipelineRun:
    """
    End a run whose workflow broke down.

    It fails closed: a release that was under way is taken back. A run that has ended stays as it is.
    """
    with call.transaction() as txn:
        before = story.read(txn, workflow_id)
        if before.run.over:
            return before.run
        agent = before.agent
        service = undoing.read(txn, agent) if agent.release_id else None
        if service is not None and not service.over:
            agent = undoing.take_back(txn, call, service, "deployment_failure")
        run = pipeline.ended(before.run, "workflow_error", at=call.now)
        reason = body.reason or "the workflow broke down"
        event = WorkflowEnded(
            agent_id=agent.id, status=run.status, failure_code="workflow_error", reason=reason
        )
        after = Story(run, agent, before.manifest)
        return story.keep(txn, call, before, after, event).run
