"""A run that nobody carries out any more, or that broke down: it ends closed, and nothing of it stays out."""

from shared.agents import pipeline, story, undoing
from shared.agents.events import WorkflowEnded
from shared.agents.models_creation import Story
from shared.agents.runs import PipelineRun
from shared.operation import Call
from shared.store import Transaction


def broken_down(txn: Transaction, call: Call, workflow_id: str, reason: str) -> PipelineRun:
    """Keep a run ended that broke down, and a release taken back that was under way; an ended one stays."""
    before = story.read(txn, workflow_id)
    if before.run.over:
        return before.run
    agent = before.agent
    service = undoing.read(txn, agent) if agent.release_id else None
    if service is not None and not service.over:
        agent = undoing.take_back(txn, call, service, "deployment_failure")
    run = pipeline.ended(before.run, "workflow_error", at=call.now)
    event = WorkflowEnded(
        agent_id=agent.id, status=run.status, failure_code="workflow_error", reason=reason
    )
    return story.keep(txn, call, before, Story(run, agent, before.manifest), event).run
