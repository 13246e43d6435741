from shared.actors import PLATFORM, Scope
from shared.agents.actions import objections
from shared.agents.models.runs import PipelineRun
from shared.approvals.models.approvals import Approval
from shared.entity import Id
from shared.operation import Call, operation


class SeenRun(PipelineRun):
    """A run as it is shown, with the veto that hit it."""

    veto_id: Id | None = None
    """The `id` of the veto that hit it, or what came of it; null where nobody objected."""


@operation(
    "GET",
    "/v1/workflows/{workflow_id}",
    scopes={Scope.PLATFORM_READ},
    audited=False,
    tenant=PLATFORM,
)
def get_workflow(call: Call, workflow_id: Id) -> SeenRun:
    """Return one run of the pipeline: its stages, their checks and their times, and the veto that hit it."""
    with call.transaction() as txn:
        run = txn.get(PipelineRun, workflow_id)
        approval = (
            txn.get_or_none(Approval, run.approval_id) if run.over and run.approval_id else None
        )
        veto = objections.against(txn, run, approval)
        return SeenRun(**dict(run), veto_id=veto.id if veto else None)
