"""A principal is a caller as evidence knows them: their own stream, and since when their tokens count."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from shared.constitution import breach
from shared.entity import Category, Entity, Event, Record, Timestamp
from shared.errors import Violation

Outcome = Literal["success", "failure", "denied"]
Severity = Literal["info", "warning", "error", "critical"]
Codes = Annotated[tuple[str, ...], Field(max_length=100)]


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


class PolicyDenied(Event):
    """Somebody asked for what they may not do."""

    model_config = ConfigDict(serialize_by_alias=True)

    action: ClassVar[str] = "policy.denied"
    category: ClassVar[Category] = "policy_decision"
    outcome: ClassVar[Outcome] = "denied"
    severity: ClassVar[Severity] = "warning"
    topic: ClassVar[str | None] = "policy-events"

    decision_id: str
    agent_id: str | None = None
    asked: str = Field(alias="action")
    """The operation that was refused."""

    reasons: Codes
    run_id: str | None = None
    step_id: str | None = None


class AuthFailed(Event):
    """A token was shown that is not good."""

    action: ClassVar[str] = "auth.failed"
    category: ClassVar[Category] = "authentication"
    outcome: ClassVar[Outcome] = "denied"
    severity: ClassVar[Severity] = "warning"

    operation: str
    reason: str


class LoggedOut(Event):
    """Somebody ended their sessions."""

    action: ClassVar[str] = "auth.logout"
    category: ClassVar[Category] = "authentication"

    all_devices: bool


class ValidationFailed(Event):
    """Somebody wanted to store what would break the constitution."""

    action: ClassVar[str] = "constitution.validation_failed"
    category: ClassVar[Category] = "policy_decision"
    outcome: ClassVar[Outcome] = "denied"
    severity: ClassVar[Severity] = "warning"

    operation: str
    rules: Annotated[tuple[str, ...], Field(max_length=20)]
