"""What an agent in service again goes by: its manifest, which is in use again."""

from shared.evidence import ApprovalRef
from shared.manifests import rules as manifests
from shared.manifests.events import ManifestPublished
from shared.manifests.models.manifests import Manifest
from shared.store import Transaction


def publish(txn: Transaction, manifest: Manifest, under: ApprovalRef) -> None:
    """Keep a suspended manifest in use again, under the approval of that."""
    if manifest.status == "suspended":
        published = ManifestPublished(
            from_hash=manifest.manifest_hash,
            to_hash=manifest.manifest_hash,
            semver=manifest.manifest_version,
            diff_class="patch",
        )
        txn.save(manifests.reactivated(manifest), published, approval=under)
