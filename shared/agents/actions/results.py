"""What became of a stage: read from the run itself, from the approval, or from the release."""

from datetime import datetime

from shared.agents.events.workflows import WorkflowStageSettled
from shared.agents.models.creation import Story
from shared.agents.models.parts import APPROVAL, DEPLOYMENT
from shared.agents.models.releases import Release
from shared.agents.models.runs import PipelineRun
from shared.agents.rules import lifecycle, pipeline, turns
from shared.agents.rules.questions import question
from shared.approvals.models.approvals import Approval
from shared.approvals.rules import binding
from shared.errors import Conflict
from shared.operation import Call
from shared.records import dataclass
from shared.store import Transaction


@dataclass(frozen=True)
class Ruling:
    """What the Governor said about a stage, and the job role in whose name it was asked."""

    approval: Approval
    job_role: str


def settled(
    story: Story, stage: int, *, ruling: Ruling | None, release: Release | None, at: datetime
) -> PipelineRun:
    """
    Return the run as it goes on after a stage, or as it is where the stage still waits.

    Raises:
        Conflict: The stage is not the run's, or what it waits for is not decided yet.
        ApprovalMismatch: The approval is for something else.
    """
    run = story.run
    record = turns.at_stage(run, stage)
    if record is None:
        raise Conflict(f"stage {stage} was not entered yet", rule="stage_conflict")
    if record.ended_at is not None and record.result != "escalated":
        return run
    if record.result == "escalated" or stage == APPROVAL:
        return run if ruling is None else _ruled(story, stage, ruling, at)
    if stage == DEPLOYMENT:
        return _released(run, release, at)
    return pipeline.overdue(run, at=at)


def _ruled(story: Story, stage: int, ruling: Ruling, at: datetime) -> PipelineRun:
    approval = ruling.approval
    binding.answers(approval, question(story, stage, job_role=ruling.job_role))
    if approval.open:
        raise Conflict("the Governor has not decided yet", rule="undecided")
    last = approval.last if approval.decisions else None
    return pipeline.ruled(
        story.run,
        approval_id=approval.id,
        outcome=approval.status,
        at=at,
        by=last.approver_id if last else None,
        changes=last.changes if last else (),
    )


def _released(run: PipelineRun, release: Release | None, at: datetime) -> PipelineRun:
    if release is not None and release.workflow_id == run.id:
        watch = release.watched("watch")
        if release.state == "live" and watch is not None and watch.outcome == "healthy":
            return pipeline.passed(run, DEPLOYMENT, at=at)
        if release.state in {"failed", "rolled_back"}:
            return pipeline.ended(run, "release_failed", at=at, status="rolled_back")
    raise Conflict("the release is neither in service nor taken back yet", rule="undecided")


def event(run: PipelineRun, stage: int) -> WorkflowStageSettled:
    """Return the event of a stage that came to a result."""
    record = run.latest(stage)
    if record is None or record.ended_at is None:
        raise Conflict(f"stage {stage} has no result", rule="stage_conflict")
    took = record.ended_at - record.started_at
    return WorkflowStageSettled(
        agent_id=run.agent_id,
        stage=stage,
        attempt=record.attempt,
        result=record.result,
        output_hash=record.digest,
        duration_ms=int(took.total_seconds() * 1000),
        failure_code=record.failure_code,
        next_stage=record.next_stage,
    )


def completed(
    txn: Transaction, call: Call, story: Story, release: Release, *, external_id: str
) -> Story:
    """Keep a run that has passed every stage, and put its agent in service."""
    run = txn.save(story.run, event(story.run, 7))
    after = lifecycle.deployed(story.agent, run, release, external_id=external_id, at=call.now)
    by = lifecycle.decided_by(call.actor)
    told = lifecycle.changed(story.agent, after, by=by, reason="every stage passed")
    return Story(run, txn.save(after, told), story.manifest)
