"""What is reported, as it is announced."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import PrivateAttr

from shared.audit.models import MAX_REPORT_CHARS, MAX_SKEW, Ref, Report
from shared.entity import Code, Event, Said, Timestamp, Traits
from shared.evidence import REPORTED
from shared.judged import Masked


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
