from typing import Annotated

from pydantic import ConfigDict, Field

from shared.actors import PLATFORM, Role, Scope
from shared.agents.actions import asking, creation, results
from shared.agents.actions.makers import made_by
from shared.agents.models.agents import Agent
from shared.agents.models.runs import PipelineRun
from shared.agents.rules import pipeline
from shared.approvals.actions import attention
from shared.approvals.events.lifecycle import ApprovalCancelled, decided
from shared.approvals.models.approvals import Approval
from shared.approvals.rules import checks, decisions
from shared.entity import Because, Id, Text, Value
from shared.operation import Call, operation
from shared.store import Transaction

LEFT = "The reviewer sent the agent back to its author."


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

    Everything reviewed since is void, and its pipeline and a notice tell the author what must be different. What
    the Governor is asked about the stage is answered so in the same step, or withdrawn where a reviewer sends it
    back; where it was decided meanwhile, that stands.
    """
    with call.transaction() as txn:
        agent = txn.get(Agent, agent_id)
        before = creation.of(txn, agent)
        stage = before.run.current_stage
        who, changes = made_by(agent, before.manifest), body.changes
        run = pipeline.sent_back(before.run, changes, by=call.actor, makers=who, at=call.now)
        asked = asking.asked(txn, before)
        if asked is not None and _answered(txn, call, asked, body):
            run = pipeline.by_answer(run, asked.id)
        because = Because(rationale="; ".join(body.changes), authority=call.actor.type)
        event = results.event(run, stage)
        return creation.keep(txn, call, before, before.at(run), event, because=because).run


def _answered(txn: Transaction, call: Call, asked: Approval, body: AgentChanges) -> bool:
    """Keep what was asked about the stage with the same answer, or withdrawn by who may give none, and say which."""
    if Role.GOVERNOR not in call.actor.roles:
        checks.undecided(asked, call.now)
        gone = decisions.withdraw(asked, by=call.actor, at=call.now, reason=LEFT)
        txn.save(gone, ApprovalCancelled.of(gone))
        return False
    opened_at = attention.of(txn, asked, call.actor).opened_at(asked)
    answered = decisions.request_changes(
        asked, by=call.actor, at=call.now, changes=body.changes, opened_at=opened_at
    )
    if answered is not asked:
        txn.save(answered, decided(answered), because=decisions.because(answered))
    return True
