"""What the Governor was asked of an agent, as the records have it."""

from shared.agents.asking import asks, question
from shared.agents.models import Agent
from shared.agents.models_creation import Story
from shared.agents.runs import PipelineRun
from shared.approvals import again
from shared.approvals.models import Approval
from shared.genesis.job_roles import JobRole
from shared.store import Transaction


def job_role(txn: Transaction, run: PipelineRun, agent: Agent) -> str:
    """Return the number of an agent's job role, as the class of every question about the agent names it."""
    if run.job_role is not None:
        return run.job_role
    role = txn.get(JobRole, agent.job_role_id)
    return role.external_id or role.id


def asked(txn: Transaction, story: Story) -> Approval | None:
    """Return what was asked last about the stage that a run is at; None where the Governor is not asked there."""
    if not asks(story.run):
        return None
    role = job_role(txn, story.run, story.agent)
    return again.latest(txn, question(story, story.run.stages[-1].stage, job_role=role))
