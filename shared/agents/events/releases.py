"""What happens to the releases of agents, as it is announced."""

from typing import Literal

from shared.agents.models.parts import (
    Health,
    Profile,
    RollbackScope,
    RollbackTrigger,
)
from shared.agents.models.releases import FailedLook, Outcome
from shared.entity import Code, Event, Hex64, Id


class AgentRolledBack(
    Event,
    action="agent.rolled_back",
    category="version_change",
    topic="agent-events",
    severity="warning",
    retention="constitutional",
):
    """A release of an agent was taken back."""

    trigger: RollbackTrigger
    scope: RollbackScope
    from_version: Code
    restored_version: Code | None
    outcome: Literal["rolled_back", "partial", "failed"]


class HealthStatusChanged(
    Event, action="health.status", category="configuration_change", topic="agent-events"
):
    """An agent's health changed, or a watch over it ended."""

    status: Health
    check_type: Literal[
        "heartbeat",
        "response_time",
        "error_rate",
        "resource",
        "approval_compliance",
        "scope_adherence",
    ]
    incident_id: Code | None = None
    saw: Code | None = None
    """What the last look saw that did not find it well."""


class AgentReleaseStarted(Event, action="agent.release_started", category="version_change"):
    """A release of an agent is being put out."""

    release_id: Code
    version: Code
    manifest_hash: Hex64
    workflow_id: Id


class ReleaseCreated(Event, action="release.created", category="version_change"):
    """A release was made, at no traffic."""

    agent_id: Id
    workflow_id: Id
    approval_id: Id
    version: Code
    manifest_hash: Hex64


class ReleaseRouted(Event, action="release.routed", category="version_change"):
    """A release got traffic."""

    agent_id: Id
    traffic_percent: int


class ReleaseWatched(
    Event, action="release.watched", category="version_change", topic="agent-events"
):
    """A watch over a release ended."""

    agent_id: Id
    workflow_id: Id
    profile: Profile
    watch_outcome: Outcome
    probes: int
    failures: int
    failed_looks: tuple[FailedLook, ...] = ()
    """What the last failed looks saw."""


class ReleaseTakenBack(
    Event, action="rollback.completed", category="version_change", severity="warning"
):
    """A release was taken back."""

    agent_id: Id
    trigger: RollbackTrigger
    state: Code


class ReleaseProbeDue(Event, action="release.probe_due", category="configuration_change"):
    """It is time to look at a release once more."""

    release_id: Id
    profile: Profile
    probe: int
