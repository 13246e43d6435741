"""A principal is a caller as evidence knows them: their own stream, and since when their tokens count."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from shared.constitution import breach
from shared.entity import Code, Entity, Event, Record, Said, Timestamp
from shared.errors import Violation

Outcome = Literal["success", "failure", "denied"]
Severity = Literal["info", "warning", "error", "critical"]
Codes = Annotated[tuple[Code, ...], Field(max_length=100)]


class Principal(Entity):
    """One caller in one tenant; its id is the user's."""

    collection: ClassVar[str] = "principals"

    valid_after: Timestamp | None = None
    """Tokens issued earlier no longer count."""

    def violations(self) -> tuple[Violation, ...]:
        """Return what in this principal breaks the constitution."""
        field = "governance_agent_id"
        if not self.governance_agent_id:
            return (breach("L0-01", f"{field} missing", field),)
        return ()


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
