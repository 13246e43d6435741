from pydantic import ConfigDict

from shared.actors import PLATFORM, Scope
from shared.agents.actions import asking, creation, results, stages
from shared.agents.models.parts import Stage
from shared.agents.models.releases import Release
from shared.agents.models.runs import StageAnswer
from shared.approvals.models.approvals import Approval
from shared.entity import Id, Value
from shared.examples import APPROVAL
from shared.numbers import ExternalIds
from shared.operation import Call, operation


class Settlement(Value):
    """What the workflow has in hand for the stage."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"approval_id": APPROVAL}]})

    approval_id: Id | None = None
    """The approval that the workflow asked for at stage 6; none at the other stages."""


@operation(
    "POST",
    "/v1/workflows/{workflow_id}/stages/{stage}/settle",
    scopes={Scope.AGENTS_RUN},
    tenant=PLATFORM,
)
def settle_stage(call: Call, workflow_id: Id, stage: Stage, body: Settlement) -> StageAnswer:
    """
    Say what became of a stage after a callback, a time-out or a decision, and go on to the next.

    Nothing is taken from the caller but ids: results are read from the run, the approval and the
    release. A stage whose time is over fails closed. The stage whose turn it is then is opened at once,
    and what code can decide about it is decided; one that is open stays as it is, with its deadline.
    """
    with call.transaction() as txn:
        before = creation.read(txn, workflow_id, at=call.now)
        agent = before.agent
        ruling = None
        if body.approval_id:
            approval = txn.named(Approval, body.approval_id, field="approval_id")
            ruling = results.Ruling(approval, asking.job_role(txn, before.run, agent))
        release = txn.get(Release, agent.release_id) if agent.release_id else None
        run = results.settled(before, stage, ruling=ruling, release=release, at=call.now)
        on = stages.onward(txn, before.at(run), at=call.now)
        after = before
        if run.status == "completed" and before.run.status != "completed" and release is not None:
            family = f"AGT-{agent.industry_code}"
            ids = txn.get_or_none(ExternalIds, family) or ExternalIds(id=family)
            external_id = f"{family}-{ids.next:03d}"
            after = results.completed(txn, call, before.at(run), release, external_id=external_id)
            txn.save(ids.upto(ids.next))
        elif run is not before.run:
            event = results.event(run, stage)
            after = creation.keep(txn, call, before, before.at(run), event)
        after = stages.keep(txn, call, after, on)
    return stages.answer(after, stage, on, at=call.now)
