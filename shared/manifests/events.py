"""What happens to a manifest, as it is announced."""

from typing import Literal

from shared.entity import Code, Event, Hex64, Said


class ManifestDraftSaved(Event, action="manifest.draft_saved", category="configuration_change"):
    """An author submitted a manifest."""

    agent_id: Code
    workflow_id: Code
    from_hash: Hex64 | None
    to_hash: Hex64


class ManifestCertified(
    Event, action="manifest.certified", category="certification", retention="constitutional"
):
    """Genesis certified a manifest."""

    agent_id: Code
    workflow_id: Code
    certification_id: Code
    manifest_hash: Hex64


class ManifestVersionAssigned(Event, action="manifest.version_assigned", category="version_change"):
    """A certified manifest got the version it is released as."""

    agent_id: Code
    version_from: Code
    version_to: Code
    manifest_hash: Hex64


class ManifestPublished(
    Event, action="manifest.published", category="version_change", topic="manifest-events"
):
    """A certified manifest was bound to a release."""

    from_hash: Hex64 | None
    to_hash: Hex64
    semver: Code
    diff_class: Literal["patch", "proposal", "evolution"]


class ManifestSuspended(
    Event,
    action="manifest.suspended",
    category="suspension",
    topic="manifest-events",
    severity="warning",
):
    """A manifest no longer authorises anything."""

    hash: Hex64
    reason: Said
