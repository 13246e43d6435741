from typing import Annotated

from pydantic import ConfigDict, Field

from shared.agents import pipeline, story
from shared.agents.runs import StageAnswer, WorkflowClaimed
from shared.entity import Id, Value
from shared.identity import PLATFORM, Scope
from shared.operation import Call, operation


class Claim(Value):
    """Which execution carries the run out."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"execution": "execution-1"}]})

    execution: Annotated[str, Field(min_length=1, max_length=200)]


@operation(
    "POST",
    "/v1/workflows/{workflow_id}/begin",
    scopes={Scope.AGENTS_RUN},
    tenant=PLATFORM,
)
def begin_workflow(call: Call, workflow_id: Id, body: Claim) -> StageAnswer:
    """
    Claim a run for an execution.

    A start that is delivered twice makes two executions; the second one is refused here and ends.
    """
    with call.transaction() as txn:
        before = story.read(txn, workflow_id)
        run = pipeline.claimed(before.run, body.execution)
        if run is not before.run:
            run = txn.save(run, WorkflowClaimed(agent_id=before.agent.id, execution=body.execution))
    return story.answer(before.at(run), 1, call)
