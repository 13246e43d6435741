from shared.agents.runs import PipelineRun
from shared.entity import Id
from shared.identity import PLATFORM, Scope
from shared.operation import Call, operation


@operation(
    "GET",
    "/v1/workflows/{workflow_id}",
    scopes={Scope.PLATFORM_READ},
    audited=False,
    tenant=PLATFORM,
)
def get_workflow(call: Call, workflow_id: Id) -> PipelineRun:
    """Return one run of the pipeline: its stages, their checks and their times."""
    with call.transaction() as txn:
        return txn.get(PipelineRun, workflow_id)
