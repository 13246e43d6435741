"""What notices say of differences in what policies do."""

from collections.abc import Mapping
from datetime import datetime

from shared.notifications.models import Notification, Priority
from shared.notifications.rules.notices import governor, notice, saying
from shared.policy.models.drift import DriftAlert, Level

PRIORITIES: Mapping[Level, Priority] = {
    "low": "low",
    "medium": "default",
    "high": "high",
    "critical": "high",
}
"""How loud a difference is: nobody is woken for what was measured over an hour."""


def told(drift: DriftAlert, *, at: datetime) -> Notification:
    """Return the notice of what was measured, to whoever governs the tenant; of the same difference, one a day."""
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
    return saying(None, new.model_copy(update={"priority": PRIORITIES[drift.severity]}))
