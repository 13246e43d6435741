"""What happens to a manifest, as it is announced."""

from typing import Literal

from shared.entity import Event


class ManifestDraftSaved(Event, action="manifest.draft_saved", category="configuration_change"):
    """An author submitted a manifest."""

    agent_id: str
    workflow_id: str
    from_hash: str | None
    to_hash: str


class ManifestCertified(
    Event, action="manifest.certified", category="certification", retention="constitutional"
):
    """Genesis certified a manifest."""

    agent_id: str
    workflow_id: str
    certification_id: str
    manifest_hash: str


class ManifestVersionAssigned(Event, action="manifest.version_assigned", category="version_change"):
    """A certified manifest got the version it is released as."""

    agent_id: str
    version_from: str
    version_to: str
    manifest_hash: str


class ManifestPublished(
    Event, action="manifest.published", category="version_change", topic="manifest-events"
):
    """A certified manifest was bound to a release."""

    from_hash: str | None
    to_hash: str
    semver: str
    diff_class: Literal["patch", "proposal", "evolution"]


class ManifestSuspended(
    Event,
    action="manifest.suspended",
    category="suspension",
    topic="manifest-events",
    severity="warning",
):
    """A manifest no longer authorises anything."""

    hash: str
    reason: str
