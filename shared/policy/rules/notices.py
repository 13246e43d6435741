"""What notices say of differences in what policies do."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from shared.notifications.models import Claim, Notification, Priority
from shared.notifications.rules.notices import governor, notice, saying
from shared.notifications.rules.subjects import Subject
from shared.policy.models.drift import DriftAlert, Level

if TYPE_CHECKING:
    from shared.policy.models.policies import Policy, PolicyAsking

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
    return saying("differs", new.model_copy(update={"priority": PRIORITIES[drift.severity]}))


def dropped(
    policy: "Policy", asking: "PolicyAsking", why: str, *, at: datetime
) -> Iterator[Notification]:
    """Yield the notices, to whoever asked and whoever governs, that a policy was agreed to and is not in force."""
    for audience in dict.fromkeys([asking.asked_by, str(governor(policy.tenant_id))]):
        yield notice(
            "announcement",
            tenant=policy.tenant_id,
            audience=audience,
            subject=f"{policy.collection}/{policy.id}",
            title=f"Not in force: {policy.name} {policy.version}"[:50],
            body=f"It was agreed to, and there is no room for it: {why}. Then ask again.",
            at=at,
            occasion=asking.approval_id,
        )


def claims(drift: DriftAlert, at: datetime) -> Mapping[Claim, bool]:
    """Say what notices say of a difference: that it is there."""
    del at
    return {"differs": drift.status != "over"}


def became(drift: DriftAlert) -> tuple[str, str]:
    """Say what became of a difference that is there no more."""
    seen = f"{drift.updated_at:%Y-%m-%d %H:%M}"
    said = f"{drift.metric} of {drift.policy} differed; the look of {seen} UTC did not find it any more."
    return "Policies: as before", said


DRIFTS = Subject(DriftAlert, claims=claims, became=became)
"""Differences, as notices are about them."""
