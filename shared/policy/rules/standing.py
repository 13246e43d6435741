"""The rules of what policy stands on: when a release's set comes into force, and who may freeze."""

from datetime import datetime, timedelta
from typing import Any

from shared.actors import PLATFORM, Actor
from shared.policy.models.standing import STANDING, Freezing, PolicyStanding

BEHIND = timedelta(minutes=30)
"""How long an entry may wait to be published before everything is frozen (`constitution.md`, 11)."""

CAUGHT_UP = timedelta(minutes=2)
"""How long the oldest may wait at most before what was frozen for that goes on."""


def shipped(
    before: PolicyStanding | None, *, release: str, bundle: str, at: datetime
) -> PolicyStanding | None:
    """
    Return the standing once a release brought its set of bundles; None where that changes nothing.

    A release brings its set once. What then lies in its place and is another set was put there by nobody, so it never
    comes into force by itself; nor does a release take away what people put in force under an approval: beside that it is
    only known which release came.
    """
    if before is None:
        return PolicyStanding(
            id=STANDING,
            tenant_id=PLATFORM,
            created_at=at,
            updated_at=at,
            governance_agent_id="governor",
            release=release,
            bundle=bundle,
            since=at,
        )
    if before.release == release:
        return None
    changes: dict[str, Any] = {"release": release, "updated_at": at}
    if before.approval_id is None:
        changes |= {"bundle": bundle, "since": at}
    return before.model_copy(update=changes)


def frozen(
    before: PolicyStanding, freezing: Freezing, *, by: Actor, at: datetime
) -> PolicyStanding:
    """Return the standing with the freeze on or off; as it is where it is so already."""
    if before.frozen == freezing.on:
        return before
    changes = {
        "frozen": freezing.on,
        "freeze_reason": freezing.reason,
        "frozen_by": by.id,
        "frozen_at": at,
        "updated_at": at,
    }
    return before.model_copy(update=changes)


def by_itself(
    before: PolicyStanding, oldest_at: datetime | None, *, by: str, at: datetime
) -> Freezing | None:
    """
    Return the freeze that the platform sets or lifts by itself; None where it leaves everything as it is.

    What somebody else froze stays frozen until somebody lifts it.

    Args:
        before: How it is.

        oldest_at: Since when the oldest entry waits to be published; None where none does.

        by: Who freezes.

        at: The time.
    """
    waited = at - oldest_at if oldest_at else timedelta()
    if not before.frozen and waited > BEHIND:
        minutes = waited // timedelta(minutes=1)
        said = f"The evidence does not get out: its oldest entry has waited for {minutes} minutes."
        return Freezing(on=True, reason=said)
    if before.frozen and before.frozen_by == by and waited <= CAUGHT_UP:
        return Freezing(on=False, reason="The evidence gets out again.")
    return None
