"""What happens to callers and their sign-ins, as it is announced."""

from typing import Annotated

from pydantic import Field

from shared.actors import Role
from shared.entity import ActorId, Code, Event, Said, Timestamp
from shared.identity.models import Codes

OPERATIONS = "operations-events"
"""The topic of what whoever runs the platform must know."""


class PolicyDenied(
    Event,
    action="policy.denied",
    category="policy_decision",
    outcome="denied",
    severity="warning",
    topic="policy-events",
):
    """Somebody asked for what they may not do."""

    decision_id: Code
    agent_id: Code | None = None
    action: Code
    """The operation that was refused."""

    reasons: Codes
    said: Said = ""
    """What whoever was refused was told, where no rule was asked: the reasons of rules are in their decision."""
    run_id: Code | None = None
    step_id: Code | None = None


class AuthFailed(
    Event, action="auth.failed", category="authentication", outcome="denied", severity="warning"
):
    """A token was shown that is not good."""

    operation: Code
    reason: Said
    counted: Annotated[int, Field(ge=0)] = 0
    """How many more were refused for the same reason since the last entry that said so, without an entry."""


class LimitCrossed(
    Event,
    action="auth.limit_crossed",
    category="policy_decision",
    outcome="denied",
    severity="warning",
):
    """Somebody asked more often than they may, for the first time in the window of the limit."""

    operation: Code
    """What they asked for."""
    limited: Code
    """The class of callers, or of what is asked for, whose limit it is."""
    counted: Annotated[int, Field(ge=0)] = 0
    """How many more strangers' crossings there were since the last entry that said so, without an entry."""


class SessionsEnded(
    Event, action="auth.sessions_ended", category="authentication", retention="constitutional"
):
    """Somebody ended all sessions of somebody else."""

    user_id: ActorId
    reason: Said


class RoleWithdrawn(
    Event, action="auth.role_withdrawn", category="authentication", retention="constitutional"
):
    """A role was taken from somebody, whatever their tokens say."""

    user_id: ActorId
    role: Role
    reason: Said


class RoleRestored(
    Event, action="auth.role_restored", category="authentication", retention="constitutional"
):
    """A role that was taken counts again, where a token says it."""

    user_id: ActorId
    role: Role
    reason: Said


class RolesSet(
    Event, action="auth.roles_set", category="authentication", retention="constitutional"
):
    """An administrator decided which roles somebody holds, whatever their tokens say."""

    user_id: ActorId
    roles: Annotated[tuple[Role, ...], Field(max_length=len(Role))]
    before: Annotated[tuple[Role, ...], Field(max_length=len(Role))]
    reason: Said


class EmergencyRoleGiven(
    Event,
    action="auth.emergency_role_given",
    category="governance_decision",
    severity="warning",
    retention="constitutional",
):
    """The Governor gave somebody a role for some hours."""

    user_id: ActorId
    role: Role
    until: Timestamp
    incident: Code
    reason: Said


class RoleAsked(Event, action="role_request.opened", category="authentication", topic=OPERATIONS):
    """Somebody asked for a role."""

    role: Role
    reason: Said


class RoleRequestDecided(
    Event,
    action="role_request.decided",
    category="authentication",
    topic=OPERATIONS,
    retention="constitutional",
):
    """An administrator gave the role, or did not."""

    user_id: ActorId
    role: Role
    granted: bool
    reason: Said


class RoleRequestClosed(
    Event, action="role_request.closed", category="authentication", topic=OPERATIONS
):
    """Nobody decided in time: the role is not given."""

    user_id: ActorId
    role: Role


class RoleRequestDue(Event, action="role_request.due", category="authentication"):
    """The time to decide is over."""

    role: Role


class LoggedOut(Event, action="auth.logout", category="authentication"):
    """Somebody ended their sessions."""

    all_devices: bool


class ValidationFailed(
    Event,
    action="constitution.validation_failed",
    category="policy_decision",
    outcome="denied",
    severity="warning",
):
    """Somebody wanted to store what would break the constitution."""

    operation: Code
    rules: Annotated[tuple[Code, ...], Field(max_length=20)]
