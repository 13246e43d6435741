from typing import Annotated

from pydantic import ConfigDict, Field

from shared.actors import PLATFORM, Scope
from shared.agents.actions import breakdown
from shared.agents.models.parts import APPROVAL
from shared.agents.models.runs import PipelineRun
from shared.entity import Id, Printed, Value
from shared.evidence import stream
from shared.operation import Call, operation
from shared.platform.actions import incidents


class Breakdown(Value):
    """What went wrong in the workflow itself."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "HTTP server responded with error code 500"}]}
    )

    reason: Annotated[Printed, Field(max_length=4000)]
    """What the workflow engine said; where it said nothing, the run ends with a sentence of ours."""


@operation(
    "POST",
    "/v1/workflows/{workflow_id}/fail",
    scopes={Scope.AGENTS_RUN},
    tenant=PLATFORM,
    in_freeze=True,
)
def fail_workflow(call: Call, workflow_id: Id, body: Breakdown) -> PipelineRun:
    """
    End a run whose workflow broke down.

    It fails closed: a release that was under way is taken back, and where it had been approved that is put into
    the hands of whoever began the run. A run that has ended stays as it is.
    """
    with call.transaction() as txn:
        reason = body.reason or "the workflow broke down"
        before = txn.get(PipelineRun, workflow_id)
        approved = before.passed(APPROVAL) is not None and not before.over
        incident = incidents.assignment(txn, stream(before)) if approved else None
        run = breakdown.broken_down(txn, call, workflow_id, reason)
        if incident is not None:
            report = incidents.unserved(run.agent_id, "its workflow broke down")
            incident.keep(report, call, owner=run.initiated_by)
        return run
