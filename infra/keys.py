"""
Writer keys: ``python -m infra.keys rotate GROUP PROJECT``.

The private key goes into Secret Manager and nowhere else; its public half is published first, so that no signature is ever
without one. Old public keys stay, for what they signed stays. Functions take the new key as their instances are renewed.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from infra.groups import GROUPS
from infra.vault import writer_key
from shared.actors import PLATFORM
from shared.documents import Documents, Key, Write
from shared.edge.keys import FileSigner
from shared.identity.models import VerificationKey

if TYPE_CHECKING:
    from google.cloud.secretmanager_v1 import SecretManagerServiceClient


def rotate(
    group: str, project: str, secrets: "SecretManagerServiceClient", documents: Documents
) -> str:
    """Make a group's new writer key the one that is used, and return its id."""
    with TemporaryDirectory() as folder:
        signer = FileSigner(Path(folder) / "writer.pem")
        public = VerificationKey(id=signer.jwk["kid"], jwk=signer.jwk)
        place = Key(PLATFORM, VerificationKey.collection, public.id)
        documents.commit([Write(place, public.to_stored())])
        private = (Path(folder) / "writer.pem").read_bytes()
    place_of_secret = f"projects/{project}/secrets/{writer_key(group)}"
    secrets.add_secret_version(request={"parent": place_of_secret, "payload": {"data": private}})
    return public.id


def make_first(
    project: str, secrets: "SecretManagerServiceClient", documents: Documents
) -> list[str]:
    """Give every group that has no writer key its first, and return the groups that had none."""
    without = [
        group
        for group in GROUPS
        if not any(
            secrets.list_secret_versions(parent=f"projects/{project}/secrets/{writer_key(group)}")
        )
    ]
    for group in without:
        rotate(group, project, secrets, documents)
    return without


def connected(project: str) -> tuple["SecretManagerServiceClient", Documents]:
    """Return Secret Manager and the store of a project, as whoever is signed in."""
    from google.cloud.secretmanager_v1 import SecretManagerServiceClient

    from shared.edge.firestore import FirestoreDocuments

    return SecretManagerServiceClient(transport="rest"), FirestoreDocuments(project)


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
