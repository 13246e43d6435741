"""A run that nobody carries out any more, or that broke down: it ends closed, and nothing of it stays out."""

from shared.agents.actions import creation, rollback
from shared.agents.events.workflows import WorkflowEnded
from shared.agents.models.creation import Story
from shared.agents.models.runs import PipelineRun
from shared.agents.rules import pipeline
from shared.operation import Call
from shared.store import Transaction


def broken_down(txn: Transaction, call: Call, workflow_id: str, reason: str) -> PipelineRun:
    """Keep a run ended that broke down, and a release taken back that was under way; an ended one stays."""
    before = creation.read(txn, workflow_id, at=call.now)
    if before.run.over:
        return before.run
    agent = before.agent
    service = rollback.read(txn, agent) if agent.release_id else None
    if service is not None and not service.over:
        agent = rollback.take_back(txn, call, service, "deployment_failure")
    run = pipeline.ended(before.run, "workflow_error", at=call.now)
    event = WorkflowEnded(
        agent_id=agent.id, status=run.status, failure_code="workflow_error", reason=reason
    )
    return creation.keep(txn, call, before, Story(run, agent, before.manifest), event).run
