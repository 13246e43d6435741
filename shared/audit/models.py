"""A report is an entry about something that changed no entity here: work of a runtime, a read of data."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, PrivateAttr

from shared.constitution import Json16
from shared.entity import Code, Event, Hex64, Record, Said, Timestamp, Traits, Value
from shared.evidence import REPORTED
from shared.examples import AGENT, NOW
from shared.judged import Masked

MAX_SKEW = timedelta(minutes=5)
"""How far a report's time may be from ours without being marked."""

MAX_REPORT_CHARS = 16 * 1024
"""As many characters as a report's data may have bytes."""

ReportCategory = Literal[
    "agent_action_start",
    "agent_action_complete",
    "agent_action_error",
    "data_access",
    "external_communication",
    "external_integration",
    "ai_call",
]
"""What a runtime can have done. Decisions, approvals and certifications are the platform's own to enter."""

Ref = Annotated[Code, Field(max_length=128)] | None


class Refs(Value):
    """The ids that an auditor looks a report up by: in the log each is called ``reported_…``."""

    agent_id: Ref = None
    """The agent it is about."""
    workflow_id: Ref = None
    """The run of the pipeline it is about."""
    run_id: Ref = None
    """The run of the agent it is about."""
    step_id: Ref = None
    """The step of that run."""
    approval_id: Ref = None
    """The approval it was done under."""
    receipt_id: Ref = None
    """The receipt that somebody outside gave for it."""
    customer_id: Ref = None
    """The customer it was done for."""


class Report(Value):
    """One entry, as whoever saw it reports it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "5f0c9a52-8a5e-4a0e-9d5b-0b6f5a3c1d2e",
                    "entity": f"agents/{AGENT}",
                    "action": "skill.completed",
                    "category": "agent_action_complete",
                    "outcome": "success",
                    "severity": "info",
                    "refs": {"agent_id": AGENT},
                    "data": {"skill": "fact check", "duration_ms": 1200},
                    "occurred_at": NOW,
                }
            ]
        }
    )

    id: Annotated[
        str,
        Field(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"),
    ]
    """Chosen by the caller: the same report twice is one entry."""

    entity: Annotated[
        str, Field(pattern=r"^[a-z][a-z_]{0,40}/[A-Za-z0-9._:-]{1,160}$", max_length=200)
    ]
    """What it is about: `<collection>/<id>`."""
    action: Annotated[str, Field(pattern=r"^[a-z_]+(\.[a-z_]+){1,3}$", max_length=64)]
    """What was done; in the log its name begins with ``reported.``."""

    category: ReportCategory
    """What kind of act it was."""
    outcome: Literal["success", "failure", "denied"] = "success"
    """How it went."""
    severity: Literal["info", "warning", "error", "critical"] = "info"
    """How serious it is."""
    refs: Refs = Refs()
    """The ids by which it can be looked up."""
    data: Json16 = Field(default_factory=dict)
    """What else there is to say; personal data is masked before it is kept."""
    occurred_at: Timestamp | None = None
    """When it happened; without it, now. More than five minutes off is marked."""


class Reported(Event, action="audit.reported", category="agent_action_complete"):
    """
    Somebody reported what they did or saw; each report brings its own name and category.

    What it refers to is what somebody says, and is not found among what the platform itself says of that.
    """

    reported_agent_id: Ref = None
    reported_workflow_id: Ref = None
    reported_run_id: Ref = None
    reported_step_id: Ref = None
    reported_approval_id: Ref = None
    reported_receipt_id: Ref = None
    reported_customer_id: Ref = None
    report_id: Code
    about: Code
    """The entity that the report is about."""

    data: Mapping[Said, Annotated[Any, Masked(kept=MAX_REPORT_CHARS)]]
    occurred_at: Timestamp | None
    skewed: bool
    """Whether it reached us more than five minutes after, or before, it happened."""

    _own: Traits = PrivateAttr()

    @classmethod
    def of(cls, report: Report, *, at: datetime) -> Self:
        """Enter a report, under the name and the category that it brings."""
        event = cls(
            **{f"reported_{name}": id for name, id in report.refs.model_dump().items()},
            report_id=report.id,
            about=report.entity,
            data=report.data,
            occurred_at=report.occurred_at,
            skewed=report.occurred_at is not None and abs(at - report.occurred_at) > MAX_SKEW,
        )
        event._own = Traits(
            action=REPORTED + report.action,
            category=report.category,
            outcome=report.outcome,
            severity=report.severity,
        )
        return event

    def as_told(self) -> Traits:
        """Return the traits that the report brought."""
        return self._own


class Entered(Value):
    """Where a report was entered."""

    id: str
    """The id of the entry."""
    entity: str
    """The chain it was entered in: `<collection>/<id>`."""
    eseq: int
    """Which entry of that chain it is, from 1."""
    entry_hash: Hex64
    """The SHA-256 over the entry's canonical JSON (RFC 8785) without `delivery`."""


class KeptReport(Record):
    """What was reported under an id, so that the same report again changes nothing."""

    collection: ClassVar[str] = "kept_reports"

    digest: Hex64
    entered: Entered
