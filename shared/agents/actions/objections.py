"""Which veto a run or its approval was hit by: for those who only look."""

from shared.agents.models.runs import PipelineRun
from shared.approvals.models.approvals import Approval
from shared.approvals.models.vetoes import Veto
from shared.queries import Reads


def against(reads: Reads, run: PipelineRun, approval: Approval | None) -> Veto | None:
    """Return the veto that hit a run, or the approval that it rests on."""
    veto = reads.first(Veto, approval_id=approval.id) if approval and approval.vetoed_at else None
    if veto is None and run.failure_code == "cancelled":
        return reads.first(Veto, run_id=run.id)
    return None if veto is not None and veto.lifted_at is not None else veto
