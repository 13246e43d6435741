"""The record of one run of the pipeline: its stages, their checks, and what it gathered as evidence."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from shared.agents.me_wow import Gap, MeWow
from shared.agents.parts import DeploymentPlan, RunStatus, Stage, StageResult
from shared.canonical import digest
from shared.constitution import breach
from shared.entity import Code, Entity, Event, Hex64, Id, Said, Text, Timestamp, Value
from shared.errors import Violation
from shared.genesis.evidence import TestEvidence

DEFINITION_VERSION = "1.0.0"
"""The version of the pipeline's definition; a run finishes on the one it started with."""

Pattern = Literal[
    "scope_creep", "approval_circumvention", "escalation_suppression", "evidence_destruction"
]
Failure = Literal[
    "author_timeout",
    "verdict_missing",
    "certification_refusal",
    "architecture_revision_required",
    "third_failure",
    "ethics_concern",
    "reclassify",
    "changes_requested",
    "deployment_blocked",
    "release_failed",
    "cancelled",
    "workflow_error",
]
OVER = frozenset({"failed", "completed", "rolled_back"})
"""How a run can have ended."""


class Check(Value):
    """One check of a stage: decided by code, or waiting for somebody's judgement."""

    code: str
    mode: Literal["auto", "judgement"]
    passed: bool | None = None
    escalated: bool = False
    detail: Annotated[str, Field(max_length=2000)] = ""
    patterns: tuple[Pattern, ...] = ()
    by: str | None = None
    at: Timestamp | None = None


class StageRecord(Value):
    """One attempt at a stage."""

    stage: Stage
    attempt: int
    result: StageResult
    started_at: Timestamp
    ended_at: Timestamp | None = None
    deadline_at: Timestamp | None = None
    manifest_hash: Hex64 | None = None
    """The manifest that this attempt is about."""

    checks: tuple[Check, ...] = ()
    failure_code: Failure | None = None
    next_stage: Stage | None = None
    superseded: bool = False
    """Whether a return to stage 2 made it history."""

    @property
    def open(self) -> bool:
        """Whether the attempt has no result yet."""
        return self.result == "running"

    @property
    def digest(self) -> str:
        """What the stage's checks came to, by its digest."""
        checks = [check.to_stored() for check in self.checks]
        return digest(
            {"stage": self.stage, "manifest_hash": self.manifest_hash or "", "checks": checks}
        )


class Evidence(Value):
    """One item that the Governor is given."""

    kind: str
    ref: str
    sha256: Hex64


class PipelineRun(Entity):
    """One run of the pipeline; its id is the workflow's."""

    collection: ClassVar[str] = "workflows"
    unversioned: ClassVar[frozenset[str]] = Entity.unversioned | {"execution"}

    kind: Literal["agent_creation"] = "agent_creation"
    definition_version: str = DEFINITION_VERSION
    agent_id: Id
    status: RunStatus
    current_stage: Stage
    stages: tuple[StageRecord, ...]
    initiated_by: str
    execution: str | None = None
    """The execution that carries the run out; no other may."""

    me_wow: MeWow | None = None
    me_wow_hash: Hex64 | None = None
    completeness: int = 0
    gaps: tuple[Gap, ...] = ()
    test_evidence: Annotated[tuple[TestEvidence, ...], Field(max_length=20)] = ()
    deployment_plan: DeploymentPlan | None = None
    manifest_hash: Hex64 | None = None
    evidence: tuple[Evidence, ...] = ()
    alignment_score: int | None = None
    approval_id: Id | None = None
    blocked_reason: Text | None = None
    failure_code: Failure | None = None
    ended_at: Timestamp | None = None

    @property
    def over(self) -> bool:
        """Whether the run has ended."""
        return self.status in OVER

    def latest(self, stage: int) -> StageRecord | None:
        """Return the last attempt at a stage."""
        found = [record for record in self.stages if record.stage == stage]
        return found[-1] if found else None

    def passed(self, stage: int) -> StageRecord | None:
        """Return the attempt that passed a stage, if it still counts."""
        record = self.latest(stage)
        good = record is not None and record.result == "passed" and not record.superseded
        return record if good else None

    def violations(self) -> tuple[Violation, ...]:
        """Return what in this run breaks the order of the stages."""
        later = range(2, self.current_stage)
        skipped = [n for n in later if self.passed(n) is None]
        found = []
        if skipped and self.status != "failed":
            found.append(breach("L0-07", f"stage {skipped[0]} was skipped", "current_stage"))
        if not self.governance_agent_id:
            found.append(breach("L0-01", "governance_agent_id missing", "governance_agent_id"))
        return tuple(found)


class StageAnswer(Value):
    """What the workflow needs to know after each call: how a stage stands, and how to go on."""

    workflow_id: Id
    agent_id: Id
    stage: Stage
    attempt: int
    result: StageResult
    decision: Literal["pass", "fail", "escalate", "wait"]
    manifest_hash: str
    review_id: str | None = None
    checks: tuple[str, ...] = ()
    """The codes of the checks that are not passed."""

    alignment_score: int | None = None
    patterns: tuple[Pattern, ...] = ()
    next_stage: int | None
    """The stage that is open now; None where the run is over."""

    wait_s: int
    """How long to wait for it; 0 means not at all."""

    idempotency_key: Hex64
    """The key of its attempt, for whatever is done about it once."""

    request: Any = None
    """What to ask the Governor about it, where the Governor is to decide: the body of an approval request."""


def remaining_s(record: StageRecord, at: datetime) -> int:
    """Return how many seconds an open attempt still has, at least one."""
    deadline = record.deadline_at or at
    return max(1, int((deadline - at).total_seconds()))


# --- events --------------------------------------------------------------------------------------


class _OfRun(Event, category="configuration_change", retention="constitutional"):
    agent_id: Id


class WorkflowStarted(_OfRun, action="workflow.started"):
    """A run of the pipeline was opened."""

    kind: Literal["agent_creation"]
    definition_version: Code


class WorkflowClaimed(_OfRun, action="workflow.claimed"):
    """An execution took the run over."""

    execution: Code


class WorkflowStageEntered(_OfRun, action="workflow.stage_entered"):
    """A stage was opened, and its machine checks were done."""

    stage: Stage
    attempt: int
    input_hash: Hex64
    failed_checks: tuple[Code, ...] = ()


class WorkflowStageSettled(_OfRun, action="workflow.stage_settled"):
    """A stage came to a result."""

    stage: Stage
    attempt: int
    result: StageResult
    output_hash: Hex64
    duration_ms: int
    failure_code: Code | None
    next_stage: int | None


class WorkflowVerdictRecorded(
    _OfRun, action="workflow.verdict_recorded", category="governance_decision"
):
    """An evaluator judged a check."""

    stage: Stage
    check_code: Code
    verdict: Literal["pass", "fail", "escalate"]
    patterns: tuple[Pattern, ...] = ()


class MeWowSubmitted(_OfRun, action="workflow.me_wow_submitted"):
    """An author submitted a way of working."""

    me_wow_hash: Hex64
    manifest_hash: Hex64
    completeness: int
    gaps: int


class WorkflowEnded(_OfRun, action="workflow.ended", outcome="failure"):
    """A run ended without a deployed agent."""

    status: RunStatus
    failure_code: Failure
    reason: Said
