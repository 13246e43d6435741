"""What the phone shows of an approval: a card in the list, and everything about it when it is opened."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.agents import timeline
from shared.agents.models import Agent
from shared.agents.parts import ARCHITECTURE, CERTIFICATION, ETHICS
from shared.agents.runs import PipelineRun
from shared.agents.timeline import Timeline
from shared.approvals.models import Approval, ApprovalStatus, ApprovalType, EvidenceRef, Risk
from shared.entity import Hex64, Id, Timestamp, Value
from shared.mobile import deciding


class ApprovalCard(Value):
    """One request as a list shows it."""

    approval_id: Id
    title: str
    type: ApprovalType
    gate: str
    risk: Risk
    urgency: str
    status: ApprovalStatus
    agent_id: Id | None
    requested_at: Timestamp
    expires_at: Timestamp
    age_s: int
    action_digest: Hex64
    seed_id: str | None


class ReviewSummary(Value):
    """What one of the foundational agents found, in numbers and words."""

    result: str
    passed: int
    checks: int
    concerns: tuple[str, ...]


class MeWowSummary(Value):
    """How the agent works, in brief."""

    purpose: str
    completeness: int
    outcomes: tuple[str, ...]
    default_posture: str | None
    hash: Hex64 | None


class Deadlines(Value):
    """What is possible until when."""

    answer_by: Timestamp
    veto_until: Timestamp | None
    held_until: Timestamp | None


class ApprovalDetail(Value):
    """Everything that the Governor needs to decide, and what the phone signs."""

    approval: Approval
    card: Mapping[str, Any]
    """What is shown and signed: its digest is the approval's `card_hash`."""

    card_matches: bool
    evidence: tuple[EvidenceRef, ...]
    deadlines: Deadlines
    me_wow: MeWowSummary | None = None
    certification: ReviewSummary | None = None
    architecture: ReviewSummary | None = None
    ethics: ReviewSummary | None = None
    timeline: Timeline | None = None


def card(approval: Approval, *, at: datetime) -> ApprovalCard:
    """Return the card of an approval."""
    return ApprovalCard(
        approval_id=approval.id,
        title=approval.title,
        type=approval.type,
        gate=approval.gate,
        risk=approval.risk,
        urgency=approval.urgency,
        status=approval.status,
        agent_id=approval.agent_id,
        requested_at=approval.requested_at,
        expires_at=approval.expires_at,
        age_s=max(0, int((at - approval.requested_at).total_seconds())),
        action_digest=approval.action_digest,
        seed_id=approval.seed_id,
    )


def detail(approval: Approval, agent: Agent | None, run: PipelineRun | None) -> ApprovalDetail:
    """Return everything about an approval; what it has no agent or pipeline for is absent."""
    shown = deciding.card(approval)
    found = ApprovalDetail(
        approval=approval,
        card=shown,
        card_matches=deciding.same_card(approval, shown),
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
            "timeline": timeline.of(agent, run),
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
