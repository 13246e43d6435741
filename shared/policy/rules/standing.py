"""The rules of what policy stands on: when a release's set comes into force, and who may freeze."""

from datetime import datetime

from shared.actors import PLATFORM, Actor
from shared.policy.models.standing import STANDING, Freezing, PolicyStanding


def shipped(
    before: PolicyStanding | None, *, release: str, bundle: str, at: datetime
) -> PolicyStanding | None:
    """
    Return the standing once a release brought its set of bundles; None where that changes nothing.

    A release brings its set once. What then lies in its place and is another set was put there by nobody, so it never
    comes into force by itself; nor does a release take away what people put in force under an approval.
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
    if before.release == release or before.approval_id is not None:
        return None
    changes = {"release": release, "bundle": bundle, "since": at, "updated_at": at}
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
