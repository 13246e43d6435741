"""What the Governor was asked of an agent, as the records have it."""

from shared.agents.models.agents import Agent
from shared.agents.models.creation import Story
from shared.agents.models.runs import PipelineRun
from shared.agents.rules.questions import asks, question
from shared.approvals.models.approvals import Approval
from shared.store import Transaction


def job_role(txn: Transaction, run: PipelineRun, agent: Agent) -> str:
    """Return the number of an agent's job role, as the class of every question about the agent names it."""
    if run.job_role is not None:
        return run.job_role
    from shared.genesis.models.job_roles import JobRole

    role = txn.get(JobRole, agent.job_role_id)
    return role.external_id or role.id


def asked(txn: Transaction, story: Story) -> Approval | None:
    """Return what was asked last about the stage that a run is at; None where the Governor is not asked there."""
    if not asks(story.run):
        return None
    from shared.approvals.actions import repeats

    role = job_role(txn, story.run, story.agent)
    return repeats.latest(txn, question(story, story.run.stages[-1].stage, job_role=role))
