"""Who may judge a check of a stage, and when a stage has all its verdicts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from shared.actors import Actor
from shared.agents.models.agents import Agent
from shared.agents.models.parts import ETHICS
from shared.agents.models.runs import Pattern, PipelineRun
from shared.agents.rules import checks, pipeline
from shared.agents.rules.pipeline import EVALUATOR, replaced
from shared.agents.rules.turns import going
from shared.errors import Conflict, Forbidden, Invalid
from shared.impartial import impartial


def judged(
    run: PipelineRun,
    stage: int,
    *,
    code: str,
    verdict: Literal["pass", "fail", "escalate"],
    rationale: str,
    patterns: Sequence[Pattern],
    by: Actor,
    makers: Sequence[str],
    at: datetime,
) -> PipelineRun:
    """
    Return the run with one more verdict of the stage's evaluator.

    Raises:
        Forbidden: Somebody else judges this stage.
        SelfApproval: The judge made what is judged.
        Conflict: The stage is not open, or the check was judged before.
        Invalid: The stage has no such check.
    """
    role = EVALUATOR.get(stage)
    judge = role.replace("_", " ") if role else "code"
    if role is None or role not in by.roles:
        raise Forbidden(
            f"stage {stage} is not yours to judge; {judge} judges it", rule="not_the_evaluator"
        )
    impartial(by, run.initiated_by, *makers)
    going(run)
    record = run.latest(stage)
    if stage != run.current_stage or record is None or not record.open:
        raise Conflict(
            f"stage {stage} is not open; the workflow is at stage {run.current_stage}",
            rule="stage_conflict",
        )
    if record.deadline_at is not None and at >= record.deadline_at:
        raise Conflict(
            f"the time for verdicts on stage {stage} is over; it goes back to its author",
            rule="stage_conflict",
        )
    before = next((check for check in record.checks if check.code == code), None)
    if before is None or before.mode != "judgement":
        codes = ", ".join(check.code for check in record.checks if check.mode == "judgement")
        raise Invalid(f"stage {stage} asks for verdicts on {codes} only", rule="check_code")
    if before.by is not None:
        raise Conflict(f"{code} was judged already; a verdict stays", rule="already_judged")
    after = before.model_copy(
        update={
            "passed": verdict == "pass" and not patterns,
            "escalated": verdict == "escalate" or bool(patterns),
            "detail": rationale,
            "patterns": tuple(patterns),
            "by": by.id,
            "at": at,
        }
    )
    judged = tuple(after if check.code == code else check for check in record.checks)
    return replaced(run, record.model_copy(update={"checks": judged}))


def settled(
    run: PipelineRun, stage: int, agent: Agent, *, review_id: str, at: datetime
) -> PipelineRun:
    """Return the run past a stage whose last verdict has been given; as it is while one is missing."""
    given = run.stages[-1].checks
    if any(check.passed is None for check in given):
        return run
    score = checks.alignment_score(agent, given) if stage == ETHICS else None
    return pipeline.settled(run, stage, review_id=review_id, score=score, at=at)
