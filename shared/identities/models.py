"""A principal is a caller as evidence knows them: their own stream, and since when their tokens count."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from shared.constitution import breach
from shared.entity import ActorId, Code, Entity, Event, Record, Said, Text, Timestamp, Value
from shared.errors import Violation
from shared.identity import Role
from shared.judged import Pattern

Outcome = Literal["success", "failure", "denied"]
Severity = Literal["info", "warning", "error", "critical"]
Reason = Annotated[Text, Field(min_length=10, max_length=2000)]
UserId = Annotated[str, Pattern(r"^[A-Za-z0-9_.@-]{1,128}$"), Field(examples=["governor.platform"])]
"""A person, as their tokens name them."""

Codes = Annotated[tuple[Code, ...], Field(max_length=100)]


class Principal(Entity):
    """One caller in one tenant; its id is the user's."""

    collection: ClassVar[str] = "principals"

    valid_after: Timestamp | None = None
    """Sign-ins of earlier no longer count, nor does any token that goes back to one."""

    withdrawn: Annotated[tuple[Role, ...], Field(max_length=len(Role))] = ()
    """Roles that no longer count, whatever a token says."""

    def violations(self) -> tuple[Violation, ...]:
        """Return what in this principal breaks the constitution."""
        field = "governance_agent_id"
        if not self.governance_agent_id:
            return (breach("L0-01", f"{field} missing", field),)
        return ()


class Access(Value):
    """What was taken from somebody."""

    user_id: str
    """Whose it is."""
    valid_after: Timestamp | None
    """Before when their sign-ins no longer count."""

    withdrawn: tuple[Role, ...]
    """Roles of theirs that no longer count, whatever a token says."""

    @classmethod
    def of(cls, principal: Principal) -> "Access":
        """Return what was taken from a principal."""
        return cls(
            user_id=principal.id,
            valid_after=principal.valid_after,
            withdrawn=principal.withdrawn,
        )


class VerificationKey(Record):
    """A public key of a writer; its id is the key's."""

    collection: ClassVar[str] = "verification_keys"

    jwk: Mapping[str, Any]


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
