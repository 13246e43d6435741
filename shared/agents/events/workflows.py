"""What happens to the runs of the pipeline, as it is announced."""

from typing import Literal

from shared.agents.models.parts import (
    RunStatus,
    Stage,
    StageResult,
)
from shared.agents.models.runs import Failure, Pattern
from shared.entity import Code, Event, Hex64, Id, Said


class _OfRun(Event, category="configuration_change", retention="constitutional"):
    agent_id: Id


class WorkflowStarted(_OfRun, action="workflow.started"):
    """A run of the pipeline was opened."""

    kind: Literal["agent_creation"]
    definition_version: Code


class WorkflowClaimed(_OfRun, action="workflow.claimed"):
    """An execution took the run over."""

    execution: Code


class WorkflowStageEntered(_OfRun, action="workflow.stage_entered"):
    """A stage was opened, and its machine checks were done."""

    stage: Stage
    attempt: int
    input_hash: Hex64
    failed_checks: tuple[Code, ...] = ()


class WorkflowStageSettled(_OfRun, action="workflow.stage_settled"):
    """A stage came to a result."""

    stage: Stage
    attempt: int
    result: StageResult
    output_hash: Hex64
    duration_ms: int
    failure_code: Code | None
    next_stage: int | None


class WorkflowVerdictRecorded(
    _OfRun, action="workflow.verdict_recorded", category="governance_decision"
):
    """An evaluator judged a check."""

    stage: Stage
    check_code: Code
    verdict: Literal["pass", "fail", "escalate"]
    patterns: tuple[Pattern, ...] = ()


class MeWowSubmitted(_OfRun, action="workflow.me_wow_submitted"):
    """An author submitted a way of working."""

    me_wow_hash: Hex64
    manifest_hash: Hex64
    completeness: int
    gaps: int


class WorkflowEnded(_OfRun, action="workflow.ended", outcome="failure"):
    """A run ended without a deployed agent."""

    status: RunStatus
    failure_code: Failure
    reason: Said


class RunStranded(Event, action="workflow.stranded", category="agent_action_error"):
    """Nobody carries a run out any more."""

    execution: Code | None = None
