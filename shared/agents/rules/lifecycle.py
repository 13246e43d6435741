"""The life of an agent: what the pipeline makes of it, and how it is stopped and started again."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from shared.actors import Actor
from shared.agents.events.lifecycle import AgentPipelineStageCompleted, AgentStateChanged
from shared.agents.models.agents import EVIDENCE, Agent
from shared.agents.models.parts import (
    APPROVAL,
    ARCHITECTURE,
    AUTHORING,
    CERTIFICATION,
    ETHICS,
    Released,
)
from shared.agents.models.runs import PipelineRun, StageRecord
from shared.agents.rules.pipeline import PROOF
from shared.constitution import amended, promoted
from shared.entity import Event
from shared.errors import Conflict
from shared.impartial import impartial

if TYPE_CHECKING:
    # Whoever has a release has loaded what it is.
    from shared.agents.models.releases import Release

ELEVATED = timedelta(days=7)
"""How long an agent is watched closely after a release or a reactivation."""


def mirrored(agent: Agent, run: PipelineRun) -> Agent:
    """Return the agent as far as its run has brought it: evidence, stage and state."""
    given = {evidence.kind: evidence.ref for evidence in run.evidence}
    approved = run.passed(APPROVAL) is not None
    certified = given.get(PROOF[CERTIFICATION]) is not None
    changes: dict[str, Any] = {
        "creation_stage": None if run.over else run.current_stage,
        "manifest_hash": run.manifest_hash,
        "certification_id": given.get(PROOF[CERTIFICATION]),
        "architecture_review_id": given.get(PROOF[ARCHITECTURE]),
        "ethics_review_id": given.get(PROOF[ETHICS]),
        "approval_id": run.approval_id if approved else None,
    }
    if run.status == "failed" and agent.release_id is None:
        changes["status"] = "rejected"
    elif run.status != "completed":
        changes["status"] = "certified" if certified else "draft"
    if agent.release_state in {"none", "approved"}:
        changes["release_state"] = "approved" if approved else "none"
    return amended(agent, **changes)


def concluded(run: PipelineRun) -> StageRecord:
    """Return the attempt that ended last."""
    return [record for record in run.stages if record.ended_at is not None][-1]


def moved(before: PipelineRun, after: PipelineRun) -> bool:
    """Say whether a stage, or the run itself, ended between two states of a run."""

    def results(run: PipelineRun) -> list[tuple[int, int, str]]:
        ended = (record for record in run.stages if record.ended_at is not None)
        return [(record.stage, record.attempt, record.result) for record in ended]

    return results(before) != results(after) or before.over != after.over


def concerns_author(before: PipelineRun, after: PipelineRun, *, by: Actor) -> bool:
    """
    Say whether a run came back or ended so that only we can tell its author.

    Who did it themselves knows, and the answer to a question is told to everybody who asked it.
    """
    if by.id == after.initiated_by:
        return False
    if after.over and not before.over:
        return after.status != "completed" and after.approval_id == before.approval_id
    back = after.sent_back
    return back is not None and back != before.sent_back and back.approval_id is None


def told(before: Agent, after: Agent, run: PipelineRun, *, by: str) -> Event:
    """Return the event that tells what a run made of its agent."""
    record = concluded(run)
    if run.over:
        return changed(before, after, by=by, reason=run.failure_code or "every stage passed")
    deadline = run.stages[-1].deadline_at if run.stages[-1].open else None
    return AgentPipelineStageCompleted(
        workflow_id=run.id,
        stage=record.stage,
        result=record.result,
        attempt=record.attempt,
        gate_results_hash=record.digest,
        next_stage=record.next_stage,
        deadline_at=deadline,
    )


def changed(before: Agent, after: Agent, *, by: str, reason: str) -> AgentStateChanged:
    """Return the event of an agent's change of state."""
    return AgentStateChanged(
        agent_id=after.id,
        from_state=before.status,
        to_state=after.status,
        reason=reason,
        actor=by,
        workflow_id=after.workflow_id,
    )


def revised(agent: Agent, run: PipelineRun, content: Mapping[str, Any], *, workflow: str) -> Agent:
    """
    Return an agent that did not get into service as a draft again, with new content and a new run.

    Whatever was found and approved of it before is void; what was released stays in its history.

    Raises:
        Conflict: Its run goes on, or it has a release in service or on its way.
    """
    if not run.over:
        raise Conflict(
            f"the agent is at stage {run.current_stage} of its pipeline; send its way of working anew"
            f" (POST /v1/workflows/{run.id}/me-wow) where it is back with its author, or revise it once"
            " the run is over",
            rule="workflow_active",
        )
    if agent.release_state in {"live", "deploying"}:
        raise Conflict(
            "the agent has a release in service; what serves is changed by a new version",
            rule="illegal_transition",
        )
    if agent.status not in {"draft", "certified", "rejected", "suspended"}:
        raise Conflict(f"the agent is {agent.status}, for good", rule="illegal_transition")
    void = dict.fromkeys(("release_id", *EVIDENCE, "health_status", "suspended_reason"))
    changes = {"status": "draft", "release_state": "none", "creation_stage": AUTHORING}
    return amended(agent, **void, **changes, workflow_id=workflow, **content)


def releasing(agent: Agent, release: "Release") -> Agent:
    """Return the agent while a release of it is put out."""
    changes = {
        "release_state": "deploying",
        "release_id": release.id,
        "manifest_version": release.release_version,
    }
    return amended(agent, **changes)


def deployed(
    agent: Agent, run: PipelineRun, release: "Release", *, external_id: str, at: datetime
) -> Agent:
    """Return the agent in service, watched closely for the first days."""
    entry = Released(
        version=release.release_version,
        release_id=release.id,
        deployed_at=at,
        approver=release.approval_id,
        reason="created",
    )
    promotion = promoted(
        agent,
        release.release_version,
        classification="evolution",
        change_types=("initial",),
        at=at,
    )
    changes = {
        "status": "deployed",
        "release_state": "live",
        "external_id": agent.external_id or external_id,
        "deployed_version": release.release_version,
        "version_history": (*agent.version_history, entry),
        "health_status": "healthy",
        "monitoring": "elevated",
        "monitoring_until": at + ELEVATED,
        **promotion,
    }
    return amended(mirrored(agent, run), **changes)


def suspended(agent: Agent, *, reason: str) -> Agent:
    """
    Return the agent stopped: it runs nothing and talks to the helpdesk only.

    Raises:
        Conflict: It is not deployed.
    """
    if agent.status != "deployed":
        raise Conflict(
            f"only a deployed agent can be suspended; this one is {agent.status}",
            rule="illegal_transition",
        )
    return amended(agent, status="suspended", health_status="suspended", suspended_reason=reason)


def resumed(agent: Agent, *, by: Actor, makers: Sequence[str], at: datetime) -> Agent:
    """
    Return the agent back in service, watched closely.

    Raises:
        SelfApproval: Who asks made it.
        Conflict: It is not suspended, or nothing of it could run.
    """
    impartial(by, *makers)
    if agent.status != "suspended":
        raise Conflict(
            f"only a suspended agent can be resumed; this one is {agent.status}",
            rule="illegal_transition",
        )
    if agent.release_state != "live":
        raise Conflict(
            "the agent has no live release to resume; it needs a new one", rule="no_release"
        )
    return amended(agent, **_in_service(at))


def returned(agent: Agent, release: "Release", *, approval_id: str, at: datetime) -> Agent:
    """Return the agent in service again with a release that had been taken back, watched closely."""
    changes = _in_service(at)
    if release.state != "live":
        entry = Released(
            version=release.release_version,
            release_id=release.id,
            deployed_at=at,
            approver=approval_id,
            reason="returned",
        )
        changes |= {
            "release_id": release.id,
            "release_state": "live",
            "deployed_version": release.release_version,
            "version_history": (*agent.version_history, entry),
        }
    return amended(agent, **changes)


def _in_service(at: datetime) -> dict[str, Any]:
    return {
        "status": "deployed",
        "health_status": "healthy",
        "suspended_reason": None,
        "monitoring": "elevated",
        "monitoring_until": at + ELEVATED,
    }


def reactivation(agent: Agent) -> dict[str, str | int]:
    """Return the subject that an approval of the agent's reactivation is about."""
    return {
        "typ": "change/v1",
        "tenant_id": agent.tenant_id,
        "entity": f"agents/{agent.id}",
        "change": "reactivation",
        "from_hash": agent.version_hash,
        "to_hash": agent.manifest_hash or "",
        "chain_version": 1,
    }


def taken_back(agent: Agent, *, restored: Released | None, at: datetime) -> Agent:
    """Return the agent after its release was taken back; with nothing to go back to, it stops."""
    history = tuple(
        entry.model_copy(update={"rolled_back_at": at})
        if entry.release_id == agent.release_id
        else entry
        for entry in agent.version_history
    )
    if restored is not None:
        changes: dict[str, Any] = {
            "release_id": restored.release_id,
            "release_state": "live",
            "deployed_version": restored.version,
        }
    else:
        changes = {"release_state": "failed", "deployed_version": None}
        if agent.status == "deployed":
            changes |= {
                "status": "suspended",
                "health_status": "suspended",
                "suspended_reason": "the only release was rolled back",
            }
    return amended(agent, version_history=history, **changes)


def previous(agent: Agent) -> Released | None:
    """Return the release to go back to: the last one before, that was not taken back itself."""
    good = [
        entry
        for entry in agent.version_history
        if entry.release_id != agent.release_id and entry.rolled_back_at is None
    ]
    return good[-1] if good else None


def decided_by(actor: Actor) -> str:
    """Name an actor, as events of an agent's state do."""
    return f"{actor.type}:{actor.id}"
