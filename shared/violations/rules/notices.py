"""What notices say of violations."""

from datetime import datetime

from shared.entity import written
from shared.notifications.models import Claim
from shared.notifications.rules.subjects import Subject
from shared.violations.models import OpenedViolation


def claims(violation: OpenedViolation, at: datetime) -> dict[Claim, bool]:  # noqa: ARG001 - it is so until the record says else
    """Say of each thing that notices say of a violation whether it is so."""
    return {
        "unowned": violation.status == "open",
        "unplanned": violation.status == "acknowledged",
        "unsettled": violation.closed_at is None,
    }


def became(violation: OpenedViolation) -> tuple[str, str]:
    """Say what became of a violation: in a title and one sentence."""
    title = f"{violation.finding.code}: {violation.status}"
    if violation.closed_at is not None:
        return title, f"It was {violation.status} at {written(violation.closed_at)}."
    return title, f"{violation.owner} answers for it until {written(violation.due_at)}."


VIOLATIONS = Subject(OpenedViolation, claims=claims, became=became)
