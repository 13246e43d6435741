"""What happens when a stage is entered: its machine checks, or a question to the Governor."""

from datetime import datetime

from shared.agents.actions import asking, creation, gathering
from shared.agents.events.workflows import WorkflowStageEntered
from shared.agents.models.creation import Story
from shared.agents.models.runs import Check, PipelineRun, StageAnswer
from shared.agents.rules import checks as stages
from shared.agents.rules import pipeline, questions, replies, turns
from shared.agents.rules.checks import Submission
from shared.errors import Conflict
from shared.operation import Call
from shared.records import dataclass
from shared.store import Transaction

_CHECKS = {3: stages.certification, 4: stages.architecture, 5: stages.ethics}


@dataclass(frozen=True)
class Onward:
    """A run at the stage whose turn it is, and the number of its job role where the Governor must be asked."""

    before: PipelineRun
    run: PipelineRun
    job_role: str | None


def onward(txn: Transaction, story: Story, *, at: datetime) -> Onward:
    """
    Return the run with the stage open whose turn it is; one that is open already stays as it is.

    What code can decide about the stage is decided at once. This reads; `keep` writes.
    """
    before = run = story.run
    if not run.over and turns.at_stage(run, run.current_stage) is None:
        checks = _checks(txn, story, run.current_stage)
        run = pipeline.entered(run, run.current_stage, checks=checks, at=at)
    role = asking.job_role(txn, run, story.agent) if questions.asks(run) else None
    return Onward(before, run, role)


def keep(txn: Transaction, call: Call, before: Story, on: Onward) -> Story:
    """Keep the run as it went on from *before*, which may have been kept in this transaction."""
    if on.run is on.before:
        return before
    record = on.run.stages[len(on.before.stages)]
    event = WorkflowStageEntered(
        agent_id=on.run.agent_id,
        stage=record.stage,
        attempt=record.attempt,
        input_hash=record.manifest_hash or "",
        failed_checks=tuple(check.code for check in record.checks if check.passed is False),
    )
    run = on.run.model_copy(update={"audit": before.run.audit})
    return creation.keep(txn, call, before, before.at(run), event)


def answer(after: Story, stage: int, on: Onward, *, at: datetime) -> StageAnswer:
    """Tell the workflow how a stage stands, and what to ask the Governor about the one it is at."""
    request = None
    if on.job_role is not None:
        request = questions.question(after, after.run.stages[-1].stage, job_role=on.job_role)
    return replies.answer(after.run, stage, at=at, request=request)


def _checks(txn: Transaction, story: Story, stage: int) -> tuple[Check, ...]:
    """Read what a stage looks at, and return what its checks come to."""
    if stage not in _CHECKS:
        return ()
    agent, run, manifest = story.agent, story.run, story.manifest
    if manifest is None or run.me_wow is None or run.deployment_plan is None:
        raise Conflict("nothing was submitted for review yet", rule="stage_conflict")
    parts = gathering.gathered(
        txn, industry_id=agent.industry_id, job_role_id=agent.job_role_id, skills=agent.skills
    )
    submission = Submission(
        agent=agent,
        manifest=manifest,
        parts=parts,
        me_wow=run.me_wow,
        plan=run.deployment_plan,
        evidence=run.test_evidence,
        graph=gathering.dependencies(txn, agent),
    )
    return _CHECKS[stage](submission)
