"""
Writer keys: ``python -m infra.keys rotate GROUP PROJECT``.

The private key goes into Secret Manager and nowhere else; its public half is published first, so that no signature is ever
without one. Old public keys stay, for what they signed stays. Functions take the new key as their instances are renewed.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from infra.administering import credentials, explained
from infra.groups import GROUPS
from infra.vault import writer_key
from shared.actors import PLATFORM
from shared.edge.keys import FileSigner
from shared.identity.models import VerificationKey

if TYPE_CHECKING:
    from google.cloud.firestore import Client
    from google.cloud.secretmanager_v1 import SecretManagerServiceClient

Publish = Callable[[VerificationKey], object]
"""Puts a public key where everybody finds it who verifies."""


def rotate(
    group: str, project: str, secrets: "SecretManagerServiceClient", publish: Publish
) -> str:
    """
    Make a group's new writer key the one that is used, and return its id.

    Raises:
        SystemExit: Google refuses; the sentence says what to do.
    """
    with TemporaryDirectory() as folder, explained(project):
        signer = FileSigner(Path(folder) / "writer.pem")
        public = VerificationKey(id=signer.jwk["kid"], jwk=signer.jwk)
        publish(public)
        private = (Path(folder) / "writer.pem").read_bytes()
        secret = f"projects/{project}/secrets/{writer_key(group)}"
        secrets.add_secret_version(request={"parent": secret, "payload": {"data": private}})
    return public.id


def make_first(project: str, secrets: "SecretManagerServiceClient", publish: Publish) -> list[str]:
    """Give every group that has no writer key its first, and return the groups that had none."""
    of_project = f"projects/{project}/secrets"
    with explained(project):
        without = [
            group
            for group in GROUPS
            if not any(secrets.list_secret_versions(parent=f"{of_project}/{writer_key(group)}"))
        ]
    for group in without:
        rotate(group, project, secrets, publish)
    return without


def published(firestore: "Client") -> Publish:
    """Return what publishes into a database, where the platform's own adapter looks (shared/edge/firestore.py)."""

    def publish(key: VerificationKey) -> None:
        place = firestore.document("tenants", PLATFORM, VerificationKey.collection, key.id)
        place.set(key.to_stored())

    return publish


def connected(project: str) -> tuple["SecretManagerServiceClient", Publish]:
    """Return Secret Manager and the store of a project, as whoever is signed in."""
    from google.cloud.firestore import Client
    from google.cloud.secretmanager_v1 import SecretManagerServiceClient

    who = credentials(project)
    secrets = SecretManagerServiceClient(transport="rest", credentials=who)
    return secrets, published(Client(project, who))


def main() -> None:
    """Rotate one key."""
    parser = argparse.ArgumentParser(prog="python -m infra.keys", description="Writer keys.")
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("rotate", help="make a new key the one that a group signs with")
    command.add_argument("group", choices=sorted(GROUPS))
    command.add_argument("project", help="the Google Cloud project")
    given = parser.parse_args()
    kid = rotate(given.group, given.project, *connected(given.project))
    print(f"{given.group} signs with {kid} as soon as its instances are renewed")


if __name__ == "__main__":
    main()
