from typing import Annotated

from pydantic import ConfigDict, Field

from shared.actors import PLATFORM, Scope
from shared.agents.actions import creation, stages
from shared.agents.events.workflows import WorkflowClaimed
from shared.agents.models.parts import AUTHORING
from shared.agents.models.runs import StageAnswer
from shared.agents.rules import turns
from shared.entity import Code, Id, Opaque, Value
from shared.operation import Call, operation
from shared.ports import Deployment
from shared.waiting import wait


class Claim(Value):
    """Which execution carries the run out, and where it waits."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "execution": "execution-1",
                    "callback_url": "https://workflowexecutions.googleapis.com/v1/projects/p/locations"
                    "/l/workflows/agent_creation/executions/e/callbacks/c",
                }
            ]
        }
    )

    execution: Annotated[Code, Field(max_length=200)]
    """The name of the execution of the workflow engine that carries the run out; any other is refused."""
    callback_url: Opaque
    """Where the engine is woken when the stage it waits for has ended."""


@operation(
    "POST",
    "/v1/workflows/{workflow_id}/begin",
    scopes={Scope.AGENTS_RUN},
    tenant=PLATFORM,
)
def begin_workflow(call: Call, workflow_id: Id, body: Claim, deployment: Deployment) -> StageAnswer:
    """
    Claim a run for an execution, and keep its callback until the run is over.

    A start that is delivered twice makes two executions; the second one is refused here and ends.
    """
    with call.transaction() as txn:
        before = creation.read(txn, workflow_id, at=call.now)
        run = turns.claimed(before.run, body.execution)
        on = stages.onward(txn, before.at(run), at=call.now)
        if run is not before.run:
            run = txn.save(run, WorkflowClaimed(agent_id=before.agent.id, execution=body.execution))
        after = stages.keep(txn, call, before.at(run), on)
        txn.save(wait(workflow_id, body.callback_url, callbacks=deployment.callbacks))
    return stages.answer(after, AUTHORING, on, at=call.now)
