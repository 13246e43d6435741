"""What the workflow is told about a stage: results, ids and times, and nothing to decide."""

import hashlib
from datetime import datetime
from typing import Literal

from shared.agents.models.parts import AUTHORING, ETHICS
from shared.agents.models.runs import PipelineRun, StageAnswer, StageRecord
from shared.agents.rules.pipeline import EVALUATOR, PROOF
from shared.agents.rules.turns import remaining_s
from shared.approvals.models.questions import ApprovalRequest
from shared.errors import Conflict

WAITED_FOR = frozenset({AUTHORING, *EVALUATOR})
"""Stages that wait for somebody to act on the run itself."""

_DECISIONS: dict[str, Literal["pass", "fail", "escalate", "wait"]] = {
    "running": "wait",
    "passed": "pass",
    "escalated": "escalate",
}


def answer(
    run: PipelineRun, stage: int, *, at: datetime, request: ApprovalRequest | None
) -> StageAnswer:
    """
    Say how a stage stands, where the run is now, and how long to wait there.

    Raises:
        Conflict: The stage was never entered.
    """
    record = run.latest(stage)
    if record is None:
        raise Conflict(f"stage {stage} was not entered yet", rule="stage_conflict")
    here = run.stages[-1]
    waits = not run.over and here.open and here.stage in WAITED_FOR
    review = [e.ref for e in run.evidence if e.kind == PROOF.get(stage)]
    return StageAnswer(
        workflow_id=run.id,
        agent_id=run.agent_id,
        stage=stage,
        attempt=record.attempt,
        result=record.result,
        decision=_DECISIONS.get(record.result, "fail"),
        manifest_hash=run.manifest_hash or "",
        review_id=review[0] if review else None,
        checks=tuple(check.code for check in record.checks if not check.passed),
        alignment_score=run.alignment_score if stage == ETHICS else None,
        patterns=tuple(pattern for check in record.checks for pattern in check.patterns),
        next_stage=None if run.over else here.stage,
        wait_s=remaining_s(here, at) if waits else 0,
        idempotency_key=key(run, here),
        request=request and request.model_dump(mode="json", exclude_none=True),
    )


def key(run: PipelineRun, record: StageRecord) -> str:
    """Return the key under which an act of a stage happens once, for this manifest and attempt."""
    parts = (run.id, str(record.stage), run.manifest_hash or "", f"attempt-{record.attempt}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
