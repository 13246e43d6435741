"""What happens when a stage is entered: its machine checks, or a question to the Governor."""

from shared.agents import checks as stages
from shared.agents import composition
from shared.agents.checks import Submission
from shared.agents.parts import APPROVAL
from shared.agents.runs import Check, PipelineRun
from shared.agents.story import Story
from shared.errors import Conflict
from shared.store import Transaction

_CHECKS = {3: stages.certification, 4: stages.architecture, 5: stages.ethics}


def checks(txn: Transaction, story: Story, stage: int) -> tuple[Check, ...]:
    """
    Read what a stage looks at, and return what its checks come to.

    Raises:
        Conflict: There is nothing to review yet.
    """
    if stage not in _CHECKS:
        return ()
    agent, run, manifest = story.agent, story.run, story.manifest
    if manifest is None or run.me_wow is None or run.deployment_plan is None:
        raise Conflict("nothing was submitted for review yet", rule="stage_conflict")
    parts = composition.gathered(
        txn, industry_id=agent.industry_id, job_role_id=agent.job_role_id, skills=agent.skills
    )
    submission = Submission(
        agent=agent,
        manifest=manifest,
        parts=parts,
        me_wow=run.me_wow,
        plan=run.deployment_plan,
        evidence=run.test_evidence,
        graph=composition.dependencies(txn, agent),
    )
    return _CHECKS[stage](submission)


def asks(run: PipelineRun, stage: int) -> bool:
    """Say whether the Governor must be asked for a stage to go on."""
    record = run.stages[-1]
    if run.over or record.stage != stage:
        return False
    return record.result == "escalated" or (stage == APPROVAL and record.open)
