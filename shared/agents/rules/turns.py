"""Whose turn it is in a run: which execution carries it out, and which attempt a call is about."""

from datetime import datetime, timedelta

from shared.agents.models.runs import PipelineRun, StageRecord
from shared.errors import Conflict

WAITING = frozenset({"running", "escalated"})
"""The results of an attempt that still waits for somebody."""

UNBEGUN = timedelta(hours=1)
"""So long after it was asked for, a run that nothing carries out is one whose start was lost."""


def claimed(run: PipelineRun, execution: str) -> PipelineRun:
    """
    Return the run in the hands of an execution; the same one may claim it again.

    Raises:
        Conflict: Another execution carries it out, or it has ended.
    """
    if run.execution == execution:
        return run
    if run.execution is not None:
        raise Conflict(
            "another execution carries out this workflow already", rule="workflow_active"
        )
    going(run)
    return run.model_copy(update={"execution": execution})


def going(run: PipelineRun) -> None:
    """
    Make sure that the run has not ended.

    Raises:
        Conflict: It has.
    """
    if run.over:
        raise Conflict(
            f"the workflow is {run.status}, and nothing more happens in it; GET /v1/agents/{run.agent_id} says which"
            " one the agent is in now",
            rule="run_over",
        )


def at_stage(run: PipelineRun, stage: int) -> StageRecord | None:
    """
    Return the attempt that a call about *stage* is about, or None where a new one is due.

    Raises:
        Conflict: The stage's turn has not come, or it is over and was left for good.
    """
    record = run.latest(stage)
    if stage == run.current_stage and not run.over:
        waits = record is not None and not record.superseded
        return record if waits and record and record.result in WAITING else None
    if record is not None and record.ended_at is not None:
        return record
    raise Conflict(
        f"the workflow is at stage {run.current_stage}, not at stage {stage}", rule="stage_conflict"
    )


def stranded(run: PipelineRun, *, waited_for: bool, at: datetime) -> bool:
    """Say whether nobody carries a run out: its start was lost, or nothing waits any more for what it waits for."""
    return not waited_for or (run.execution is None and at - run.created_at >= UNBEGUN)


def remaining_s(record: StageRecord, at: datetime) -> int:
    """Return how many seconds an open attempt still has, at least one."""
    deadline = record.deadline_at or at
    return max(1, int((deadline - at).total_seconds()))
