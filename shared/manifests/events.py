"""What happens to a manifest, as it is announced."""

from typing import ClassVar, Literal

from shared.entity import Category, Event


class ManifestDraftSaved(Event):
    """An author submitted a manifest."""

    action: ClassVar[str] = "manifest.draft_saved"
    category: ClassVar[Category] = "configuration_change"

    agent_id: str
    workflow_id: str
    from_hash: str | None
    to_hash: str


class ManifestCertified(Event):
    """Genesis certified a manifest."""

    action: ClassVar[str] = "manifest.certified"
    category: ClassVar[Category] = "certification"
    retention: ClassVar[Literal["standard", "financial", "constitutional"]] = "constitutional"

    agent_id: str
    workflow_id: str
    certification_id: str
    manifest_hash: str


class ManifestVersionAssigned(Event):
    """A certified manifest got the version it is released as."""

    action: ClassVar[str] = "manifest.version_assigned"
    category: ClassVar[Category] = "version_change"

    agent_id: str
    version_from: str
    version_to: str
    manifest_hash: str


class ManifestPublished(Event):
    """A certified manifest was bound to a release."""

    action: ClassVar[str] = "manifest.published"
    category: ClassVar[Category] = "version_change"
    topic: ClassVar[str | None] = "manifest-events"

    from_hash: str | None
    to_hash: str
    semver: str
    diff_class: Literal["patch", "proposal", "evolution"]


class ManifestSuspended(Event):
    """A manifest no longer authorises anything."""

    action: ClassVar[str] = "manifest.suspended"
    category: ClassVar[Category] = "suspension"
    topic: ClassVar[str | None] = "manifest-events"
    severity: ClassVar[Literal["info", "warning", "error", "critical"]] = "warning"

    hash: str
    reason: str
