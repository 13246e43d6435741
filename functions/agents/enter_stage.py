from typing import Annotated

from pydantic import ConfigDict, Field

from shared.agents import asking, entering, pipeline, story
from shared.agents.parts import Stage
from shared.agents.runs import StageAnswer, WorkflowStageEntered
from shared.entity import Id, Value
from shared.genesis.models import JobRole
from shared.identity import PLATFORM, Scope
from shared.operation import Call, operation
from shared.waiting import wait


class Entry(Value):
    """Where the workflow waits."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "callback_url": "https://workflowexecutions.googleapis.com/v1/projects/p/locations"
                    "/l/workflows/agent_creation/executions/e/callbacks/c"
                }
            ]
        }
    )

    callback_url: Annotated[str, Field(max_length=2000)]


@operation(
    "POST",
    "/v1/workflows/{workflow_id}/stages/{stage}/enter",
    scopes={Scope.AGENTS_RUN},
    tenant=PLATFORM,
)
def enter_stage(call: Call, workflow_id: Id, stage: Stage, body: Entry) -> StageAnswer:
    """
    Open a stage of the pipeline and do at once what code can decide.

    A stage that is open already stays as it is, with its deadline; one that is over answers how it
    ended. Where somebody must act, the caller's callback is kept until they did.
    """
    with call.transaction() as txn:
        before = story.read(txn, workflow_id)
        role = txn.get(JobRole, before.agent.job_role_id)
        after, record = before, pipeline.at_stage(before.run, stage)
        if record is None:
            found = entering.checks(txn, before, stage)
            run = pipeline.entered(before.run, stage, checks=found, at=call.now)
            event = WorkflowStageEntered(
                agent_id=run.agent_id,
                stage=stage,
                attempt=(run.latest(stage) or run.stages[-1]).attempt,
                input_hash=run.manifest_hash or "",
                failed_checks=tuple(check.code for check in found if check.passed is False),
            )
            after = story.keep(txn, call, before, before.at(run), event)
        request = None
        if entering.asks(after.run, stage):
            request = asking.request(
                after.run, after.agent, after.submitted, job_role=role.external_id or role.id
            )
        answer = story.answer(after, stage, call, request=request)
        if answer.wait_s:
            subject = f"{workflow_id}:{stage}"
            txn.save(wait(subject, body.callback_url, callbacks=call.callbacks))
    return answer
