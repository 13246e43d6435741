"""What people see of a pipeline: its seven stages in order, and how much is done."""

from datetime import datetime
from typing import Literal

from shared.agents.models.agents import Agent
from shared.agents.models.parts import STAGES, Health, ReleaseState, RunStatus, Stage, StageResult
from shared.agents.models.releases import FailedLook, ReleaseWatch
from shared.agents.models.runs import Failure, PipelineRun, SentBack
from shared.agents.rules import pipeline, releases
from shared.approvals.models.approvals import Approval
from shared.approvals.models.vetoes import Veto
from shared.entity import Id, Timestamp, Value


class StagePoint(Value):
    """One stage on the timeline: its last attempt, or none yet."""

    stage: Stage
    """The number of the stage, from 1 to 7."""
    name: str
    """What the stage is."""
    result: StageResult = "pending"
    """What came of its last attempt; `pending` before the first."""
    attempt: int = 0
    """How many attempts there were."""
    started_at: Timestamp | None = None
    """When the last attempt began; null before the first."""
    ended_at: Timestamp | None = None
    """When it came to its result; null while it is open."""
    deadline_at: Timestamp | None = None
    """Until when it must come to a result; null where there is no limit."""
    failure_code: Failure | None = None
    """Why it did not pass; null where it did or is open."""
    waiting_for: tuple[str, ...] = ()
    """The checks without a verdict."""
    void: bool = False
    """Whether a return to stage 2 made void what came of it: it must be passed again, and is `pending`."""
    refused: tuple[str, ...] = ()
    """Why it was sent back or escalated: each check that did not pass, with what was said to it."""


Outcome = Literal[
    "under_way",
    "in_service",
    "suspended",
    "rejected",
    "vetoed",
    "expired",
    "cancelled",
    "rolled_back",
    "failed",
]


class Timeline(Value):
    """The pipeline of one agent."""

    agent_id: Id
    """The agent that is made."""
    workflow_id: Id
    """The run of the pipeline that makes it."""
    status: RunStatus
    """How the run stands."""
    current_stage: Stage
    """The number of the stage that is open, or was last."""
    percent: int
    """How many of the seven stages are passed, in percent."""
    completeness: int
    """How much of the way of working is there, in percent."""
    gaps: tuple[str, ...]
    """What the last submission lacked, in words."""
    stages: tuple[StagePoint, ...]
    """The seven stages, in order."""
    outcome: Outcome
    """
    What came of it in one word, as it is now: a refused or vetoed agent is no success, however well its workflow
    ended, nor is one that was stopped since.
    """
    because: str | None
    """Why it ended without an agent in service, and whose word that was; null where it did not."""
    veto_id: Id | None
    """The veto that ended it; null where none did."""
    sent_back: SentBack | None
    """How it came back to its author last, and what must be different; null where it never did."""


class AgentHealth(Value):
    """How an agent is, and how that was found out."""

    agent_id: Id
    """The agent that was looked at."""
    status: Health | None
    """How it is, by the last looks at it; null before the first."""
    profile: str
    """How closely it is watched now: during its deployment, for a time after a change (`elevated`), or as usual."""
    release_id: Id | None
    """The release that is watched; null before there is one."""
    release_state: ReleaseState
    """How far its release is."""
    probes: int
    """How often this watch looked at it."""
    failures: int
    """How many of these looks found it unwell, or got no answer in time."""
    consecutive: int
    """How many good looks in a row there were last."""
    slowest_ms: int
    """The slowest answer, in milliseconds."""
    outcome: str | None
    """What the watch found, or `taken_back` where the release was taken back whatever it found; null while it runs."""
    checked_at: Timestamp | None
    """When it was looked at last; null before the first look."""
    failed_looks: tuple[FailedLook, ...]
    """What the last looks saw that did not find it well."""
    wait_s: int
    """How long to wait until the health of a new release is certain; 0 means not at all."""


def of(
    agent: Agent, run: PipelineRun, approval: Approval | None = None, veto: Veto | None = None
) -> Timeline:
    """Return the timeline of an agent's pipeline, with the Governor's word on it and the veto that hit it."""
    outcome = _outcome(agent, run, approval, veto)
    return Timeline(
        agent_id=agent.id,
        workflow_id=run.id,
        status=run.status,
        current_stage=run.current_stage,
        percent=pipeline.percent(run),
        completeness=run.completeness,
        gaps=tuple(f"{gap.section}: {gap.detail}" for gap in run.gaps),
        stages=tuple(_point(run, stage) for stage in STAGES),
        outcome=outcome,
        because=_because(agent, run, approval, veto) if outcome not in _WELL else None,
        veto_id=veto.id if veto else None,
        sent_back=run.sent_back,
    )


_WELL = {"under_way", "in_service"}
_NO: dict[str, Outcome] = {
    "rejected": "rejected",
    "vetoed": "vetoed",
    "expired": "expired",
    "cancelled": "cancelled",
}


def _outcome(
    agent: Agent, run: PipelineRun, approval: Approval | None, veto: Veto | None
) -> Outcome:
    if veto is not None:
        return "vetoed"
    if not run.over:
        return "under_way"
    if run.status == "completed":
        if agent.taken_back:
            return "rolled_back"
        return "in_service" if agent.status == "deployed" else "suspended"
    if run.failure_code == "cancelled":
        return "cancelled"
    said = _NO.get(approval.status) if approval else None
    return said or ("rolled_back" if run.status == "rolled_back" else "failed")


def _because(agent: Agent, run: PipelineRun, approval: Approval | None, veto: Veto | None) -> str:
    if veto is not None:
        return f"{veto.issued_by} vetoed it ({veto.category}): {veto.explanation}"
    if run.status == "completed":
        return agent.suspended_reason or f"it is {agent.status}"
    if approval is not None and approval.decisions and approval.status in _NO:
        last = approval.last
        return f"{last.approver_id}: {last.verb}. {last.reason or ''}".strip()
    return run.blocked_reason or str(run.failure_code or run.status)


def _point(run: PipelineRun, stage: int) -> StagePoint:
    record = run.latest(stage)
    if record is None:
        return StagePoint(stage=stage, name=STAGES[stage])
    void = record.superseded and record.result == "passed"
    return StagePoint(
        stage=stage,
        name=STAGES[stage],
        result="pending" if void else record.result,
        void=void,
        attempt=record.attempt,
        started_at=record.started_at,
        ended_at=record.ended_at,
        deadline_at=record.deadline_at if record.open else None,
        failure_code=record.failure_code,
        waiting_for=tuple(check.code for check in record.checks if check.passed is None),
        refused=tuple(f"{c.code}: {c.detail}" for c in record.checks if c.passed is False),
    )


def health(agent: Agent, watch: ReleaseWatch | None, *, at: datetime) -> AgentHealth:
    """Return an agent's health, as the last watch over it found it."""
    closely = agent.watched_closely(at)
    deploying = agent.release_state == "deploying"
    found = watch.outcome if watch else None
    # Nothing failed where only somebody's word took it back.
    back = agent.release_state == "failed" and found != "unhealthy"
    return AgentHealth(
        agent_id=agent.id,
        status=agent.health_status,
        profile="deployment" if deploying else "elevated" if closely else "normal",
        release_id=agent.release_id,
        release_state="rolled_back" if back else agent.release_state,
        probes=watch.probes if watch else 0,
        failures=watch.failures if watch else 0,
        consecutive=watch.consecutive if watch else 0,
        slowest_ms=watch.slowest_ms if watch else 0,
        outcome="taken_back" if back else found,
        checked_at=watch.last_at if watch else None,
        failed_looks=watch.failed_looks if watch else (),
        wait_s=releases.remaining_s(watch, at),
    )
