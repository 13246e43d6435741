"""What notices say of differences in what policies do."""

from collections.abc import Mapping
from datetime import datetime

from shared.notifications.models import Claim, Notification, Priority
from shared.notifications.rules.notices import governor, notice, saying
from shared.notifications.rules.subjects import Subject
from shared.policy.models.drift import DriftAlert, Level

PRIORITIES: Mapping[Level, Priority] = {
    "low": "low",
    "medium": "default",
    "high": "high",
    "critical": "high",
}
"""How loud a difference is: nobody is woken for what was measured over an hour."""


def told(drift: DriftAlert, *, at: datetime) -> Notification:
    """Return the notice of a difference to whoever governs the tenant; of the same one, one a day."""
    kind = drift.drift_type.replace("_", " ")
    new = notice(
        "announcement",
        tenant=drift.tenant_id,
        audience=governor(drift.tenant_id),
        subject=f"{DriftAlert.collection}/{drift.id}",
        title=f"Policies: {kind}",
        body=f"{drift.metric} of {drift.policy}: {drift.expected_bp / 100:g} % in the hour before, now"
        f" {drift.current_bp / 100:g} %. {' '.join(drift.suggestions)}",
        at=at,
        occasion=f"{at:%Y-%m-%d}",
    )
    return saying("unsettled", new.model_copy(update={"priority": PRIORITIES[drift.severity]}))


def claims(drift: DriftAlert, at: datetime) -> dict[Claim, bool]:  # noqa: ARG001 - it is so until the record says else
    """Say of what notices say of a difference whether it is so."""
    return {"unsettled": drift.status == "open"}


def became(drift: DriftAlert) -> tuple[str, str]:
    """Say what became of a difference."""
    kind = drift.drift_type.replace("_", " ")
    return f"Over: {kind}", f"{drift.metric} of {drift.policy} is as in the hour before again."


DRIFTS = Subject(DriftAlert, claims=claims, became=became)
