"""What happens to the rules as a whole, as it is announced."""

from shared.entity import ActorId, Code, Event, Hex64, Said


class BundleActivated(
    Event,
    action="policy.bundle_activated",
    category="version_change",
    topic="policy-events",
    retention="constitutional",
):
    """Another set of bundles is in force."""

    before: Hex64 | None = None
    """The digest of the set that was in force; null where none was."""
    bundle: Hex64
    """The digest of the set that is."""
    release: Code
    """The release that it is of, or builds on."""
    approval_id: Code | None = None
    """The approval it was put in force under; null where it came with its release."""


class ReleaseCame(
    Event, action="policy.release_came", category="version_change", topic="policy-events"
):
    """A release came with a set of its own, while one that people put in force stays."""

    release: Code
    brought: Hex64
    """The digest of its set."""


class FreezeChanged(
    Event,
    action="policy.freeze_changed",
    category="governance_decision",
    severity="critical",
    topic="policy-events",
    retention="constitutional",
):
    """Nothing may change any more but what a freeze lets through, or everything goes on."""

    on: bool
    reason: Said
    by: ActorId
