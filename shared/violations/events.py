"""What happens to a violation, as it is announced."""

from shared.entity import ActorId, Code, Event, Said, Timestamp
from shared.violations.models import TOPIC, Response, Severity, Status, Type


class ViolationOpened(
    Event,
    action="violation.opened",
    category="governance_decision",
    topic=TOPIC,
    outcome="failure",
    severity="error",
    retention="constitutional",
):
    """A rule was broken."""

    type: Type
    code: Code
    severity: Severity
    agent_id: Code | None
    automatic_response: Response


class ViolationUpdated(
    Event,
    action="violation.updated",
    category="governance_decision",
    topic=TOPIC,
    retention="constitutional",
):
    """Somebody answers for it, or has a plan."""

    status: Status
    owner: ActorId | None
    due_at: Timestamp


class ViolationResolved(
    Event,
    action="violation.resolved",
    category="governance_decision",
    topic=TOPIC,
    retention="constitutional",
):
    """It was put right, or it was none."""

    resolution: Said


class ViolationUnanswered(Event, action="violation.unanswered", category="governance_decision"):
    """The time to acknowledge it, or to say how it is put right, is over."""

    status: Status
