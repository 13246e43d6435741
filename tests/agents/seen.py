"""What is looked at of an agent on its way."""

from shared.actors import Role
from shared.agents.events.lifecycle import (
    AgentCreated,
    AgentPipelineStageCompleted,
    AgentStateChanged,
)
from shared.approvals.models.approvals import Approval
from shared.evidence import Entry

KINDS = {
    kind.traits.action: kind
    for kind in (AgentCreated, AgentPipelineStageCompleted, AgentStateChanged)
}


def last_event(story):
    with story.call_as(Role.ADMIN).transaction() as txn:
        entry = txn.find(Entry, order="-eseq", limit=1, entity=f"agents/{story.agent_id}").items[0]
    return KINDS[entry.action].model_validate(entry.data)


def get(story, kind, id):
    with story.call_as(Role.ADMIN).transaction() as txn:
        return txn.get_or_none(kind, id)


def approval(story):
    with story.call_as(Role.ADMIN).transaction() as txn:
        return txn.find(Approval, workflow_id=story.workflow_id).items[-1]
