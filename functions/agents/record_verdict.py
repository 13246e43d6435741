from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from shared.actors import PLATFORM, Scope
from shared.agents.actions import creation
from shared.agents.actions.makers import made_by
from shared.agents.events.workflows import WorkflowVerdictRecorded
from shared.agents.models.parts import Stage
from shared.agents.models.runs import Pattern, PipelineRun
from shared.agents.rules import pipeline, verdicts
from shared.entity import Because, Id, Text, Value
from shared.operation import Call, operation


class StageVerdict(Value):
    """What an evaluator says about one check of a stage."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "check_code": "CERT-6",
                    "verdict": "pass",
                    "rationale": "Three approvals a day are proportionate to what is published.",
                }
            ]
        }
    )

    check_code: Annotated[str, Field(pattern=r"^[A-Z]{3,5}-\d$")]
    """Which check is judged: one of the stage that waits for a judgement, see `waiting_for` of the pipeline."""
    verdict: Literal["pass", "fail", "escalate"]
    """Your answer; `escalate` leaves the decision to the Governor. It cannot be changed."""
    rationale: Annotated[Text, Field(min_length=10, max_length=2000)]
    """Why, in your words; the Governor reads it."""
    patterns: Annotated[tuple[Pattern, ...], Field(max_length=4)] = ()
    """Deceptive patterns that were found: each makes the check fail and goes to the Governor."""


@operation(
    "POST",
    "/v1/workflows/{workflow_id}/stages/{stage}/verdict",
    scopes={Scope.AGENTS_REVIEW},
    tenant=PLATFORM,
)
def record_verdict(call: Call, workflow_id: Id, stage: Stage, body: StageVerdict) -> PipelineRun:
    """
    Judge a check of a stage, as the stage's evaluator may once.

    The last missing verdict settles the stage in the same commit: the agent moves on, back to its
    author, or up to the Governor.
    """
    with call.transaction() as txn:
        before = creation.read(txn, workflow_id, at=call.now)
        run = verdicts.judged(
            before.run,
            stage,
            code=body.check_code,
            verdict=body.verdict,
            rationale=body.rationale,
            patterns=body.patterns,
            by=call.actor,
            makers=made_by(before.agent, before.manifest),
            at=call.now,
        )
        run = verdicts.settled(run, stage, before.agent, review_id=call.new_id(), at=call.now)
        event = WorkflowVerdictRecorded(
            agent_id=run.agent_id,
            stage=stage,
            check_code=body.check_code,
            verdict=body.verdict,
            patterns=body.patterns,
        )
        because = Because(rationale=body.rationale, authority=pipeline.EVALUATOR[stage])
        return creation.keep(txn, call, before, before.at(run), event, because=because).run
