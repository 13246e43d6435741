"""The rules of preferences: what a person may switch off, and what comes whatever they say."""

from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from shared.entity import Value
from shared.errors import Invalid, VersionConflict
from shared.notifications.events import PreferencesChanged
from shared.notifications.models import Kind, NotificationPreferences, QuietHours
from shared.notifications.rules.pushing import ALWAYS_TOLD

Muted = Annotated[Kind, Field(json_schema_extra={"not": {"enum": sorted(ALWAYS_TOLD)}})]
"""A kind that may be switched off."""


class Wishes(Value):
    """What a person wants to be pushed; the inbox always has everything."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "muted": ["seed_auto_approval", "announcement"],
                    "quiet_hours": {"start": "22:00", "end": "07:00"},
                }
            ]
        }
    )

    muted: Annotated[tuple[Muted, ...], Field(max_length=20)] = ()
    """Which kinds are not pushed; what must always be told cannot be muted."""
    quiet_hours: QuietHours = QuietHours()
    """When your devices stay silent, by their own clocks."""


def usual(id: str, *, tenant: str, at: datetime) -> NotificationPreferences:
    """Return the preferences of somebody who has said nothing."""
    return NotificationPreferences(
        id=id, tenant_id=tenant, created_at=at, updated_at=at, governance_agent_id="governor"
    )


def wished(
    before: NotificationPreferences, wishes: Wishes, *, seen: AbstractSet[str] | None
) -> NotificationPreferences:
    """
    Return the preferences as somebody wants them.

    Args:
        before: What held until now.

        wishes: What is to hold.

        seen: The versions of which they saw one; the empty one where they had said nothing yet.

    Raises:
        Invalid: They would switch off what cannot be.
        VersionConflict: They saw another version.
    """
    if not before.is_version(seen):
        raise VersionConflict("your preferences were changed since you read them; read them again")
    kept = ALWAYS_TOLD & set(wishes.muted)
    if kept:
        raise Invalid(f"{', '.join(sorted(kept))} cannot be switched off", rule="cannot_be_muted")
    muted = tuple(sorted(set(wishes.muted)))
    return before.model_copy(update={"muted": muted, "quiet_hours": wishes.quiet_hours})


def told(preferences: NotificationPreferences) -> PreferencesChanged:
    """Return the event of changed preferences."""
    return PreferencesChanged(muted=preferences.muted)
