"""The record of one run of the pipeline: its stages, their checks, and what it gathered as evidence."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from shared.agents.models.me_wow import Gap, MeWow
from shared.agents.models.parts import DeploymentPlan, RunStatus, Stage, StageResult
from shared.canonical import digest
from shared.entity import Entity, Hex64, Id, ShownLine, Text, Timestamp, Value
from shared.errors import Violation
from shared.genesis.models.evidence import TestEvidence
from shared.handling import Handling, PersonalData, WithAccount
from shared.principles import breach

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

GOING = ("pending", "in_progress", "blocked", "awaiting_approval", "approved", "suspended")
"""How a run can be that somebody must carry out."""


class Check(Value):
    """One check of a stage: decided by code, or waiting for somebody's judgement."""

    personal: ClassVar = PersonalData(ids="by", texts="detail")

    code: str
    """Its code; `GET /v1/genesis/checks` says what each asks."""
    mode: Literal["auto", "judgement"]
    """Whether code decides it, or a person or foundational agent judges."""
    passed: bool | None = None
    """Whether it passed; null while it waits for a judgement."""
    escalated: bool = False
    """Whether the decision was left to the Governor."""
    detail: Annotated[str, Field(max_length=2000)] = ""
    """What was found, or why it was judged so."""
    patterns: tuple[Pattern, ...] = ()
    """Deceptive patterns that the judge saw."""
    by: str | None = None
    """Who judged; null where code decided or nobody has yet."""
    at: Timestamp | None = None
    """When it was judged; null where code decided or nobody has yet."""


class StageRecord(Value):
    """One attempt at a stage."""

    stage: Stage
    """The number of the stage, from 1 to 7."""
    attempt: int
    """Which attempt it is, from 1."""
    result: StageResult
    """What came of it; `running` while it is open."""
    started_at: Timestamp
    """When the attempt began."""
    ended_at: Timestamp | None = None
    """When it came to its result; null while it is open."""
    deadline_at: Timestamp | None = None
    """Until when it must come to a result; null where there is no limit."""
    manifest_hash: Hex64 | None = None
    """The manifest that this attempt is about."""

    checks: tuple[Check, ...] = ()
    """Its checks, each with its result."""
    failure_code: Failure | None = None
    """Why it did not pass; null where it did or is open."""
    next_stage: Stage | None = None
    """The stage that came after it; null where none did."""
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
    """What it is, such as `ethics_clearance`."""
    ref: str
    """Where it is."""
    sha256: Hex64
    """The SHA-256 over its canonical JSON (RFC 8785)."""


class SentBack(Value):
    """How a run came back to its author, and what must be different before it goes on."""

    personal: ClassVar = PersonalData(ids="by", texts="changes")

    stage: Stage
    """The stage it came back from."""
    at: Timestamp
    """When it came back."""
    by: str | None = None
    """Who sent it back; null where the checks of the stage did."""
    changes: Annotated[tuple[str, ...], Field(max_length=20)] = ()
    """What must be different: what was asked for in words, or each check that did not pass with what was said to it."""
    approval_id: Id | None = None
    """The question that was answered so; null where none was."""


class PipelineRun(Entity):
    """One run of the pipeline; its id is the workflow's."""

    collection: ClassVar[str] = "workflows"
    unversioned: ClassVar[frozenset[str]] = Entity.unversioned | {"execution"}
    handling: ClassVar = Handling(kept=WithAccount(), export="tenant", erasure="deleted")
    personal: ClassVar = PersonalData(
        ids="initiated_by",
        texts="blocked_reason",
        nobody="job_role me_wow gaps test_evidence deployment_plan",
    )

    kind: Literal["agent_creation"] = "agent_creation"
    """What the run makes."""
    definition_version: str = DEFINITION_VERSION
    """The version of the pipeline it started with, and finishes on."""
    agent_id: Id
    """The agent it makes."""
    job_role: ShownLine | None = None
    """The number of the agent's job role; null in what an earlier release began."""
    status: RunStatus
    """How the run stands."""
    current_stage: Stage
    """The number of the stage that is open, or was last."""
    stages: tuple[StageRecord, ...]
    """Every attempt at every stage, the oldest first."""
    initiated_by: str
    """Who created the agent; they judge nothing in its pipeline."""
    execution: str | None = None
    """The execution that carries the run out; no other may."""

    me_wow: MeWow | None = None
    """The way of working as last submitted; null before."""
    me_wow_hash: Hex64 | None = None
    """The SHA-256 over the canonical JSON of that way of working; null before."""
    completeness: int = 0
    """How much of the way of working is there, in percent."""
    gaps: tuple[Gap, ...] = ()
    """What the last submission lacked."""
    test_evidence: Annotated[tuple[TestEvidence, ...], Field(max_length=20)] = ()
    """The test reports that were submitted with it."""
    deployment_plan: DeploymentPlan | None = None
    """How the release is to be put out; null before it was submitted."""
    manifest_hash: Hex64 | None = None
    """The hash of the submitted manifest; null before."""
    sent_back: SentBack | None = None
    """How it came back to its author last, and what must be different; null where it never did."""
    evidence: tuple[Evidence, ...] = ()
    """What the Governor is given at stage 6."""
    alignment_score: int | None = None
    """How well the agent is aligned, from 0 to 100; null before stage 5."""
    approval_id: Id | None = None
    """The question to the Governor; null before it was asked."""
    blocked_reason: Text | None = None
    """Why the run cannot go on; null where it can."""
    failure_code: Failure | None = None
    """Why the run ended without an agent in service; null where it did not."""
    ended_at: Timestamp | None = None
    """When the run was over; null while it goes on."""

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
        found = [*super().violations()]
        if skipped and self.status != "failed":
            found.append(breach("L0-07", f"stage {skipped[0]} was skipped", "current_stage"))
        return tuple(found)


class StageAnswer(Value):
    """What the workflow needs to know after each call: how a stage stands, and how to go on."""

    workflow_id: Id
    """The run of the pipeline."""
    agent_id: Id
    """The agent it makes."""
    stage: Stage
    """The stage that the answer is about."""
    attempt: int
    """Which attempt at the stage it is, from 1."""
    result: StageResult
    """What came of the attempt; `running` while it is open."""
    decision: Literal["pass", "fail", "escalate", "wait"]
    """The same for the workflow: whether to go on, back, to the Governor, or to wait."""
    manifest_hash: str
    """The hash of the manifest that was reviewed; empty before one was submitted."""
    review_id: str | None = None
    """The id of the review's record; null where the stage has none."""
    checks: tuple[str, ...] = ()
    """The codes of the checks that are not passed."""

    alignment_score: int | None = None
    """How well the agent is aligned, from 0 to 100; null before stage 5."""
    patterns: tuple[Pattern, ...] = ()
    """Deceptive patterns that the judge saw."""
    next_stage: int | None
    """The stage that is open now; None where the run is over."""

    wait_s: int
    """How long to wait for it; 0 means not at all."""

    idempotency_key: Hex64
    """The key of its attempt, for whatever is done about it once."""

    request: Any = None
    """What to ask the Governor about it, where the Governor is to decide: the body of an approval request."""
