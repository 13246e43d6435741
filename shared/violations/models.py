"""A violation is a rule that was broken: what happened, what was done at once, and who puts it right."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.entity import Entity, Id, Text, Timestamp, Value
from shared.handling import Blanked, ForEver, Handling, PersonalData

TOPIC = "violations"

Type = Literal["constitutional", "budget", "ethics"]
Severity = Literal["low", "medium", "high", "critical"]
Status = Literal["open", "acknowledged", "remediating", "resolved", "dismissed"]
Response = Literal["none", "blocked", "paused", "suspended", "rolled_back", "frozen"]
RuleCode = Annotated[
    str,
    Field(
        pattern=r"^[A-Z][A-Z0-9]*(-[A-Z0-9]+){1,4}$", max_length=40, examples=["HEALTH-CRITICAL"]
    ),
]
"""A code of L0, L1 or RC, or one of NAMED."""

NAMED = frozenset(
    {
        "EXEC-BYPASS",
        "SCOPE-DRIFT",
        "EVIDENCE-GAP",
        "HEALTH-CRITICAL",
        "BUDGET-EXHAUSTED",
        "ETHICS-VIOLATION",
        "TIMEOUT-STORM",
        "GOVERNOR-OVERRIDE",
        "CONSTITUTIONAL-VIOLATION",
        "CONSTITUTIONAL-BREACH",
        "ETH-UNCLEAR",
        "ETH-DECEPTION-RISK",
        "ETH-PRIVACY-RISK",
        "ETH-HARM-RISK",
        "ETH-REGULATED",
    }
)


class Finding(Value):
    """What somebody found: which rule was broken, by whom, and what was done about it at once."""

    personal: ClassVar = PersonalData(ids="actor_id", texts="description evidence_refs")

    type: Type
    """What kind of rule was broken."""
    code: RuleCode
    """Which rule: its code."""
    severity: Severity
    """How serious it is."""
    description: Annotated[Text, Field(max_length=2000)]
    """What happened."""
    actor_id: str
    """Who broke the rule."""

    agent_id: Id | None = None
    """The agent that broke it; null where it was none."""
    entity_id: str | None = None
    """What it happened to: ``<collection>/<id>``."""

    evidence_refs: Annotated[tuple[str, ...], Field(max_length=20)] = ()
    """What shows it."""
    automatic_response: Response = "none"
    """What was done at once."""


class OpenedViolation(Entity):
    """A finding, and how it is dealt with."""

    collection: ClassVar[str] = "violations"
    handling: ClassVar = Handling(
        kept=ForEver("a violation is a constitutional record"),
        export="tenant",
        erasure=Blanked("that a rule was broken, and what was done, is evidence"),
    )
    personal: ClassVar = PersonalData(ids="detected_by owner", texts="remediation_plan outcome")

    finding: Finding
    """What was found."""
    severity: Severity
    """That of the finding, where lists look for it."""

    agent_id: Id | None = None
    """The agent that broke the rule; null where it was none."""
    detected_by: str
    """Who found it."""
    detected_at: Timestamp
    """When it was found."""
    status: Status = "open"
    """How far it is dealt with."""
    due_at: Timestamp
    """Until when it must be acknowledged; after that, until when there must be a plan."""

    owner: str | None = None
    """Who answers for it; null while nobody does."""
    remediation_plan: Text | None = None
    """What will be done about it; null before there is a plan."""
    acknowledged_at: Timestamp | None = None
    """When somebody took it over; null before."""
    closed_at: Timestamp | None = None
    """When it was dealt with; null before."""
    outcome: Text | None = None
    """How it was resolved, or why it was dismissed."""
