from typing import Annotated

from pydantic import ConfigDict, Field

from shared.agents import pipeline, settling, story
from shared.agents.makers import made_by
from shared.agents.models import Agent
from shared.agents.runs import PipelineRun
from shared.entity import Because, Id, Text, Value
from shared.identity import PLATFORM, Scope
from shared.operation import Call, operation


class AgentChanges(Value):
    """What the author must change."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"changes": ["Name who answers for clinical claims."]}]}
    )

    changes: Annotated[
        tuple[Annotated[Text, Field(max_length=500)], ...], Field(min_length=1, max_length=20)
    ]
    """One sentence for each thing that the author must change before the stage passes."""


@operation(
    "POST",
    "/v1/agents/{agent_id}/request-changes",
    scopes={Scope.AGENTS_DECIDE},
    tenant=PLATFORM,
)
def request_agent_changes(call: Call, agent_id: Id, body: AgentChanges) -> PipelineRun:
    """
    Send an agent back to its author, as the Governor or the reviewer of the moment may.

    Everything reviewed since is void, and a question to the Governor that is still open is withdrawn.
    """
    with call.transaction() as txn:
        agent = txn.get(Agent, agent_id)
        before = story.read(txn, agent.workflow_id)
        stage = before.run.current_stage
        who = made_by(agent, before.manifest)
        run = pipeline.sent_back(before.run, by=call.actor, makers=who, at=call.now)
        because = Because(rationale="; ".join(body.changes), authority=call.actor.type)
        event = settling.event(run, stage)
        return story.keep(txn, call, before, before.at(run), event, because=because).run
