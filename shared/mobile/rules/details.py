"""What the phone shows of an approval that was opened: all that it takes to decide."""

from collections.abc import Mapping
from typing import Any

from shared.agents.models.agents import Agent
from shared.agents.models.parts import ARCHITECTURE, CERTIFICATION, ETHICS
from shared.agents.models.runs import PipelineRun
from shared.agents.rules.timeline import Timeline
from shared.approvals.models.approvals import Approval
from shared.approvals.models.questions import EvidenceRef
from shared.approvals.rules import cards
from shared.entity import Hex64, Timestamp, Value


class ReviewSummary(Value):
    """What one of the foundational agents found, in numbers and words."""

    result: str
    """What came of the stage."""
    passed: int
    """How many checks passed."""
    checks: int
    """How many checks there are."""
    concerns: tuple[str, ...]
    """The codes of those that did not pass."""


class MeWowSummary(Value):
    """How the agent works, in brief."""

    purpose: str
    """What the agent is for."""
    completeness: int
    """How much of the way of working is there, in percent."""
    outcomes: tuple[str, ...]
    """What is to come of the work."""
    default_posture: str | None
    """What it does without an order; null where that was not said."""
    hash: Hex64 | None
    """The SHA-256 over the canonical JSON of the way of working; null before one was submitted."""


class Deadlines(Value):
    """What is possible until when."""

    answer_by: Timestamp
    """Until when it can be answered."""
    veto_until: Timestamp | None
    """Until when one may object; null while it is open."""
    held_until: Timestamp | None
    """Until when what was approved waits; null where it does not."""


class ApprovalDetail(Value):
    """Everything that the Governor needs to decide, and what the phone signs."""

    approval: Approval
    """The question, and what was said to it."""
    card: Mapping[str, Any]
    """What is shown and signed: its digest is the approval's `card_hash`."""

    card_matches: bool
    """Whether the card as it is shown now has the approval's `card_hash`; where not, nothing may be signed."""
    evidence: tuple[EvidenceRef, ...]
    """What the question rests on."""
    deadlines: Deadlines
    """What is possible until when."""
    me_wow: MeWowSummary | None = None
    """How the agent works, in brief; null where it is about none."""
    certification: ReviewSummary | None = None
    """What Genesis found; null where it is about no pipeline."""
    architecture: ReviewSummary | None = None
    """What the Systems Architect found; null where it is about no pipeline."""
    ethics: ReviewSummary | None = None
    """What the Vision Guardian found; null where it is about no pipeline."""
    timeline: Timeline | None = None
    """The agent's pipeline; null where it is about none."""


def detail(
    approval: Approval, agent: Agent | None, run: PipelineRun | None, pipeline: Timeline | None
) -> ApprovalDetail:
    """Return everything about an approval; what it has no agent or pipeline for is absent."""
    shown = cards.card(approval)
    found = ApprovalDetail(
        approval=approval,
        card=shown,
        card_matches=cards.same_card(approval, shown),
        evidence=approval.evidence_refs,
        deadlines=Deadlines(
            answer_by=approval.expires_at,
            veto_until=approval.veto_until,
            held_until=approval.held_until,
        ),
    )
    if agent is None or run is None:
        return found
    return found.model_copy(
        update={
            "me_wow": _me_wow(agent, run),
            "certification": _review(run, CERTIFICATION),
            "architecture": _review(run, ARCHITECTURE),
            "ethics": _review(run, ETHICS),
            "timeline": pipeline,
        }
    )


def _review(run: PipelineRun, stage: int) -> ReviewSummary | None:
    record = run.latest(stage)
    if record is None:
        return None
    return ReviewSummary(
        result=record.result,
        passed=sum(check.passed is True for check in record.checks),
        checks=len(record.checks),
        concerns=tuple(check.code for check in record.checks if check.passed is False),
    )


def _me_wow(agent: Agent, run: PipelineRun) -> MeWowSummary:
    said = run.me_wow
    outcomes = said.outcome_definition.outcomes if said and said.outcome_definition else ()
    containment = said.safety_containment if said else None
    return MeWowSummary(
        purpose=agent.purpose,
        completeness=run.completeness,
        outcomes=tuple(one.statement for one in outcomes),
        default_posture=containment.default_posture if containment else None,
        hash=run.me_wow_hash,
    )
