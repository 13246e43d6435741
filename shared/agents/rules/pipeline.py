"""The order of the seven stages: how one is entered, judged and left, and where its result leads."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from shared.actors import Actor, Role
from shared.agents.models.parts import (
    APPROVAL,
    ARCHITECTURE,
    AUTHORING,
    BUDGET_MIN,
    CERTIFICATION,
    DEPLOYMENT,
    ETHICS,
    SPECIFICATION,
    STAGES,
)
from shared.agents.models.runs import Check, Evidence, Failure, PipelineRun, SentBack, StageRecord
from shared.agents.rules.turns import WAITING, going
from shared.canonical import digest
from shared.errors import Conflict, Forbidden
from shared.impartial import impartial

EVALUATOR = {
    CERTIFICATION: Role.GENESIS,
    ARCHITECTURE: Role.SYSTEMS_ARCHITECT,
    ETHICS: Role.VISION_GUARDIAN,
}
"""Who judges a stage."""

PROOF = {
    CERTIFICATION: "agent_blueprint_certified",
    ARCHITECTURE: "architecture_review_summary",
    ETHICS: "ethics_clearance",
}
"""The evidence that a passed stage leaves."""

REFUSAL: dict[int, Failure] = {
    CERTIFICATION: "certification_refusal",
    ARCHITECTURE: "architecture_revision_required",
    ETHICS: "ethics_concern",
}
ESCALATION: dict[int, Failure] = {
    CERTIFICATION: "reclassify",
    ARCHITECTURE: "third_failure",
    ETHICS: "ethics_concern",
}
MAX_ARCHITECTURE_FAILURES = 3
PASSING_SCORE = 80
_REVIEWS = frozenset({*EVALUATOR, APPROVAL})
MAX_RECORDS = 100


def opened(
    *,
    id: str,
    agent_id: str,
    job_role: str,
    governance_agent_id: str,
    tenant: str,
    by: Actor,
    at: datetime,
) -> PipelineRun:
    """Return a run whose specification has passed and whose author is awaited."""
    specification = StageRecord(
        stage=SPECIFICATION,
        attempt=1,
        result="passed",
        started_at=at,
        ended_at=at,
        next_stage=AUTHORING,
    )
    return PipelineRun(
        id=id,
        tenant_id=tenant,
        created_at=at,
        updated_at=at,
        governance_agent_id=governance_agent_id,
        agent_id=agent_id,
        job_role=job_role,
        status="in_progress",
        current_stage=AUTHORING,
        stages=(specification, _attempt(AUTHORING, 1, at)),
        initiated_by=by.id,
    )


def entered(run: PipelineRun, stage: int, *, checks: Sequence[Check], at: datetime) -> PipelineRun:
    """
    Return the run with a new attempt at its current stage, and what its machine checks came to.

    A check that fails here settles the stage at once; a check that needs judgement leaves it open.

    Raises:
        Conflict: It is not that stage's turn.
    """
    going(run)
    if stage != run.current_stage:
        raise Conflict(
            f"the workflow is at stage {run.current_stage}, not at stage {stage}",
            rule="stage_conflict",
        )
    if len(run.stages) >= MAX_RECORDS:
        raise Conflict("the workflow went round too often; start a new one", rule="too_many_rounds")
    before = run.latest(stage)
    record = _attempt(stage, before.attempt + 1 if before else 1, at).model_copy(
        update={"checks": tuple(checks), "manifest_hash": run.manifest_hash}
    )
    waiting = {"status": "awaiting_approval"} if stage == APPROVAL else {"status": "in_progress"}
    run = run.model_copy(
        update={"stages": (*run.stages, record), "blocked_reason": None, **waiting}
    )
    if any(check.passed is False for check in checks):
        return _refused(run, record, at=at)
    return run


def settled(
    run: PipelineRun, stage: int, *, review_id: str, score: int | None, at: datetime
) -> PipelineRun:
    """
    Return the run after the last verdict on a stage: on to the next, back to the author, or up.

    Args:
        run: The run, with all its verdicts.

        stage: The stage.

        review_id: What to call the review that has just ended.

        score: The alignment score, for the ethics review.

        at: Now.
    """
    record = run.stages[-1]
    run = run.model_copy(
        update={"alignment_score": score if stage == ETHICS else run.alignment_score}
    )
    good = all(check.passed for check in record.checks)
    if good and (score is None or score >= PASSING_SCORE):
        proof = Evidence(kind=PROOF[stage], ref=review_id, sha256=record.digest)
        return passed(run, stage, proof=proof, at=at)
    return _refused(run, record, at=at)


def passed(
    run: PipelineRun, stage: int, *, at: datetime, proof: Evidence | None = None
) -> PipelineRun:
    """Return the run after a stage that passed, with the evidence that it leaves."""
    record = run.stages[-1]
    run = _closed(
        run, record, "passed", next_stage=stage + 1 if stage != DEPLOYMENT else None, at=at
    )
    evidence = (*run.evidence, proof) if proof else run.evidence
    status = {APPROVAL: "approved", DEPLOYMENT: "completed"}.get(stage, "in_progress")
    ended = {"ended_at": at} if stage == DEPLOYMENT else {"current_stage": stage + 1}
    return run.model_copy(update={"evidence": evidence, "status": status, **ended})


def _refused(run: PipelineRun, record: StageRecord, *, at: datetime) -> PipelineRun:
    stage = record.stage
    if any(check.escalated for check in record.checks) or stage == ETHICS:
        return escalated(run, ESCALATION[stage], at=at)
    failures = [
        r for r in run.stages if r.stage == stage and r.failure_code == REFUSAL[ARCHITECTURE]
    ]
    if stage == ARCHITECTURE and len(failures) + 1 >= MAX_ARCHITECTURE_FAILURES:
        return escalated(run, "third_failure", at=at)
    return returned(run, REFUSAL[stage], at=at)


def escalated(run: PipelineRun, code: Failure, *, at: datetime) -> PipelineRun:
    """Return the run when the Governor must say how it goes on."""
    record = run.stages[-1]
    run = _closed(run, record, "escalated", next_stage=None, at=at, code=code)
    blocked = code == "verdict_missing"
    reason = f"stage {record.stage} got no verdict in time" if blocked else None
    return run.model_copy(
        update={
            "status": "blocked" if blocked else "awaiting_approval",
            "blocked_reason": reason,
        }
    )


def returned(
    run: PipelineRun,
    code: Failure,
    *,
    at: datetime,
    by: str | None = None,
    changes: Sequence[str] = (),
    approval_id: str | None = None,
) -> PipelineRun:
    """Return the run back with its author, and what they are to change; all evidence gathered since is void."""
    last = run.stages[-1]
    refused = tuple(f"{c.code}: {c.detail}" for c in last.checks if c.passed is False)
    back = SentBack(
        stage=last.stage, at=at, by=by, changes=(*changes, *refused)[:20], approval_id=approval_id
    )
    if last.result in WAITING:
        run = _closed(run, run.stages[-1], "returned", next_stage=AUTHORING, at=at, code=code)
    stages = tuple(
        r.model_copy(update={"superseded": True}) if r.stage != SPECIFICATION else r
        for r in run.stages
    )
    attempts = [r.attempt for r in stages if r.stage == AUTHORING]
    again = _attempt(AUTHORING, max(attempts) + 1, at)
    return run.model_copy(
        update={
            "stages": (*stages, again),
            "current_stage": AUTHORING,
            "status": "in_progress",
            "blocked_reason": None,
            "evidence": (),
            "alignment_score": None,
            "approval_id": None,
            "sent_back": back,
        }
    )


def ended(
    run: PipelineRun,
    code: Failure,
    *,
    at: datetime,
    status: Literal["failed", "rolled_back"] = "failed",
) -> PipelineRun:
    """Return the run ended without a deployed agent."""
    record = run.stages[-1]
    result: Literal["failed", "rolled_back"] = status
    if record.result in WAITING:
        run = _closed(run, record, result, next_stage=None, at=at, code=code)
    return run.model_copy(update={"status": status, "failure_code": code, "ended_at": at})


def ruled(
    run: PipelineRun,
    *,
    approval_id: str,
    outcome: str,
    at: datetime,
    by: str | None = None,
    changes: Sequence[str] = (),
) -> PipelineRun:
    """
    Return the run after the Governor's answer, at stage 6 or about an escalated stage.

    Only an approval of stage 6 leads on; about a concern, a yes can only mean: revise it.

    Args:
        run: The run that waits for the answer.

        approval_id: The approval.

        outcome: What became of it.

        at: Now.

        by: Who answered it.

        changes: What they want to be different.
    """
    record = run.stages[-1]
    run = run.model_copy(update={"approval_id": approval_id})
    if outcome == "approved" and record.stage == APPROVAL:
        return passed(run, APPROVAL, at=at)
    if outcome in {"approved", "changes_requested"}:
        about = approval_id if outcome == "changes_requested" else None
        return returned(run, "changes_requested", at=at, by=by, changes=changes, approval_id=about)
    late = outcome == "expired" and record.failure_code == "verdict_missing"
    withdrawn: Failure = "cancelled" if outcome == "cancelled" else "deployment_blocked"
    return ended(run, "verdict_missing" if late else withdrawn, at=at)


def overdue(run: PipelineRun, *, at: datetime) -> PipelineRun:
    """Return the run when the time of its current stage is over; before that, as it is."""
    if not late(run, at):
        return run
    record = run.stages[-1]
    if record.stage in EVALUATOR:
        return escalated(run, "verdict_missing", at=at)
    codes: dict[int, Failure] = {AUTHORING: "author_timeout", DEPLOYMENT: "release_failed"}
    return ended(run, codes.get(record.stage, "deployment_blocked"), at=at)


def late(run: PipelineRun, at: datetime) -> bool:
    """Say whether the time of the stage is over that a run is at."""
    record = run.stages[-1]
    return record.open and record.deadline_at is not None and at >= record.deadline_at


def timed_anew(run: PipelineRun, lifted_at: datetime) -> PipelineRun:
    """Return the run whose stage has its whole time again, if that ran out before everything went on."""
    record = run.stages[-1]
    if record.deadline_at is None or record.deadline_at >= lifted_at:
        return run
    anew = lifted_at + timedelta(minutes=BUDGET_MIN[record.stage])
    last = record.model_copy(update={"deadline_at": anew})
    return run.model_copy(update={"stages": (*run.stages[:-1], last)})


def sent_back(
    run: PipelineRun, changes: Sequence[str], *, by: Actor, makers: Sequence[str], at: datetime
) -> PipelineRun:
    """
    Return the run back with its author because somebody entitled to asks for changes.

    Raises:
        SelfApproval: Who asks made it.
        Conflict: It is not under review.
        Forbidden: The stage is somebody else's to judge.
    """
    going(run)
    record = run.stages[-1]
    if record.stage not in _REVIEWS or record.result not in WAITING:
        where = STAGES[run.current_stage].replace("_", " ")
        raise Conflict(
            f"the agent is not under review, but at stage {run.current_stage} ({where}); changes are asked for"
            " at stages 3 to 6",
            rule="stage_conflict",
        )
    if Role.GOVERNOR not in by.roles and EVALUATOR.get(record.stage) not in by.roles:
        raise Forbidden(f"stage {record.stage} is not yours to send back", rule="not_the_evaluator")
    impartial(by, *makers)
    return returned(run, "changes_requested", at=at, by=by.id, changes=changes)


def by_answer(run: PipelineRun, approval_id: str) -> PipelineRun:
    """Return a run that has just come back, as the answer to a question."""
    back = run.sent_back and run.sent_back.model_copy(update={"approval_id": approval_id})
    return run.model_copy(update={"sent_back": back})


def gate_results(run: PipelineRun) -> str:
    """Return the digest of the evidence that the stages left: what an approval is bound to."""
    return digest([evidence.to_stored() for evidence in run.evidence])


def _attempt(stage: int, attempt: int, at: datetime) -> StageRecord:
    return StageRecord(
        stage=stage,
        attempt=attempt,
        result="running",
        started_at=at,
        deadline_at=at + timedelta(minutes=BUDGET_MIN[stage]),
    )


def _closed(run: PipelineRun, record: StageRecord, result: str, **what: Any) -> PipelineRun:
    changes = {
        "result": result,
        "ended_at": what["at"],
        "failure_code": what.get("code"),
        "next_stage": what["next_stage"],
    }
    return replaced(run, record.model_copy(update=changes))


def replaced(run: PipelineRun, record: StageRecord) -> PipelineRun:
    """Return the run with another state of its last attempt."""
    return run.model_copy(update={"stages": (*run.stages[:-1], record)})


def percent(run: PipelineRun) -> int:
    """Return how much of the pipeline is done."""
    if run.status == "completed":
        return 100
    return (
        sum(run.passed(stage) is not None or stage == SPECIFICATION for stage in STAGES)
        * 100
        // len(STAGES)
    )
