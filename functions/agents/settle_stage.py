from pydantic import ConfigDict

from shared.agents import asking, entering, settling, story
from shared.agents.models import Agent
from shared.agents.parts import Stage
from shared.agents.releases import Release
from shared.agents.runs import StageAnswer
from shared.approvals.models import Approval
from shared.entity import Id, Value
from shared.genesis.models import ExternalIds, JobRole
from shared.identity import PLATFORM, Scope
from shared.operation import Call, operation
from shared.waiting import Wait


class Settlement(Value):
    """What the workflow has in hand for the stage."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"approval_id": "44444444-4444-4444-8444-444444444444"}]}
    )

    approval_id: Id | None = None


@operation(
    "POST",
    "/v1/workflows/{workflow_id}/stages/{stage}/settle",
    scopes={Scope.AGENTS_RUN},
    tenant=PLATFORM,
)
def settle_stage(call: Call, workflow_id: Id, stage: Stage, body: Settlement) -> StageAnswer:
    """
    Say what became of a stage after a callback, a time-out or a decision of the Governor.

    Nothing is taken from the caller but ids: results are read from the run, the approval and the
    release. A stage whose time is over fails closed.
    """
    with call.transaction() as txn:
        before = story.read(txn, workflow_id)
        agent = before.agent
        role = txn.get(JobRole, agent.job_role_id)
        approval = txn.get(Approval, body.approval_id) if body.approval_id else None
        release = txn.get(Release, agent.release_id) if agent.release_id else None
        numbers = f"AGT-{agent.industry_code}"
        given = txn.peek(ExternalIds, numbers) or ExternalIds(id=numbers)
        waiting = txn.peek(Wait, f"{workflow_id}:{stage}")
        run = settling.settled(before, stage, approval=approval, release=release, at=call.now)
        after = before
        if run.status == "completed" and before.run.status != "completed" and release is not None:
            given = given.model_copy(update={"given": given.given + 1})
            external_id = f"{numbers}-{given.given:03d}"
            after = settling.completed(txn, call, before.at(run), release, external_id=external_id)
            txn.save(given)
        elif run is not before.run:
            event = settling.event(run, stage)
            after = story.keep(txn, call, before, before.at(run), event)
        if waiting is not None and run is not before.run:
            txn.delete(waiting)
    return _answer(call, after, stage, role, after.agent)


def _answer(call: Call, after: story.Story, stage: int, role: JobRole, agent: Agent) -> StageAnswer:
    request = None
    if entering.asks(after.run, stage):
        name = role.external_id or role.id
        request = asking.request(after.run, agent, after.submitted, job_role=name)
    return story.answer(after, stage, call, request=request)
