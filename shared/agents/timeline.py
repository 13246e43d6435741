"""What people see of a pipeline: its seven stages in order, and how much is done."""

from datetime import datetime

from shared.agents import lifecycle, releases
from shared.agents.models import Agent
from shared.agents.parts import STAGES, Health, ReleaseState, RunStatus, Stage, StageResult
from shared.agents.releases import ReleaseWatch
from shared.agents.runs import Failure, PipelineRun
from shared.entity import Id, Timestamp, Value


class StagePoint(Value):
    """One stage on the timeline: its last attempt, or none yet."""

    stage: Stage
    name: str
    result: StageResult = "pending"
    attempt: int = 0
    started_at: Timestamp | None = None
    ended_at: Timestamp | None = None
    deadline_at: Timestamp | None = None
    failure_code: Failure | None = None
    waiting_for: tuple[str, ...] = ()
    """The checks without a verdict."""


class Timeline(Value):
    """The pipeline of one agent."""

    agent_id: Id
    workflow_id: Id
    status: RunStatus
    current_stage: Stage
    percent: int
    completeness: int
    gaps: tuple[str, ...]
    stages: tuple[StagePoint, ...]


class AgentHealth(Value):
    """How an agent is, and how that was found out."""

    agent_id: Id
    status: Health | None
    profile: str
    release_id: Id | None
    release_state: ReleaseState
    probes: int
    failures: int
    consecutive: int
    slowest_ms: int
    outcome: str | None
    checked_at: Timestamp | None
    wait_s: int
    """How long to wait until the health of a new release is certain; 0 means not at all."""


def of(agent: Agent, run: PipelineRun) -> Timeline:
    """Return the timeline of an agent's pipeline."""
    return Timeline(
        agent_id=agent.id,
        workflow_id=run.id,
        status=run.status,
        current_stage=run.current_stage,
        percent=lifecycle.percent(run),
        completeness=run.completeness,
        gaps=tuple(f"{gap.section}: {gap.detail}" for gap in run.gaps),
        stages=tuple(_point(run, stage) for stage in STAGES),
    )


def _point(run: PipelineRun, stage: int) -> StagePoint:
    record = run.latest(stage)
    if record is None:
        return StagePoint(stage=stage, name=STAGES[stage])
    return StagePoint(
        stage=stage,
        name=STAGES[stage],
        result=record.result,
        attempt=record.attempt,
        started_at=record.started_at,
        ended_at=record.ended_at,
        deadline_at=record.deadline_at if record.open else None,
        failure_code=record.failure_code,
        waiting_for=tuple(check.code for check in record.checks if check.passed is None),
    )


def health(agent: Agent, watch: ReleaseWatch | None, *, at: datetime) -> AgentHealth:
    """Return an agent's health, as the last watch over it found it."""
    closely = agent.watched_closely(at)
    deploying = agent.release_state == "deploying"
    return AgentHealth(
        agent_id=agent.id,
        status=agent.health_status,
        profile="deployment" if deploying else "elevated" if closely else "normal",
        release_id=agent.release_id,
        release_state=agent.release_state,
        probes=watch.probes if watch else 0,
        failures=watch.failures if watch else 0,
        consecutive=watch.consecutive if watch else 0,
        slowest_ms=watch.slowest_ms if watch else 0,
        outcome=watch.outcome if watch else None,
        checked_at=watch.last_at if watch else None,
        wait_s=releases.remaining_s(watch, at),
    )
