"""Secrets and keys, by name: what they hold is put there by infra/keys.py or by hand, and is nowhere here."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_gcp import kms, secretmanager, storage

from infra.accounts import SECRETS_OF_PORT, Accounts
from infra.groups import GROUPS, Runtime, runtimes
from infra.stack import Stack

QUARTER_S = 90 * 24 * 3600
SIGN_IN_SECRETS = {"google.com": "sign-in-google", "github.com": "sign-in-github"}
"""The secret of each provider of sign-in: first it is filled by hand, then `signIn` names the client that it is of."""


@dataclass(frozen=True)
class Vault:
    """What else is declared refers to."""

    secrets: Mapping[str, secretmanager.Secret]
    records: pulumi.Output[str]
    """The key that encrypts what must be kept, as soon as Cloud Storage may use it."""


def writer_key(group: str) -> str:
    """Return the name of the secret that a group signs its entries with."""
    return f"writer-key-{group}"


def read_by(runtime: Runtime) -> frozenset[str]:
    """Return the names of the secrets that an account reads: its group's key, and those of its ports."""
    of_ports = {SECRETS_OF_PORT[port] for port in runtime.ports & SECRETS_OF_PORT.keys()}
    return frozenset({writer_key(runtime.group)} | of_ports)


def declare(stack: Stack, accounts: Accounts) -> Vault:
    """Declare the secrets, who may read which, and the keys."""
    names = [*map(writer_key, GROUPS), *SIGN_IN_SECRETS.values(), *SECRETS_OF_PORT.values()]
    secrets = {
        name: secretmanager.Secret(
            name,
            secret_id=name,
            replication=secretmanager.SecretReplicationArgs(
                user_managed=secretmanager.SecretReplicationUserManagedArgs(
                    replicas=[
                        secretmanager.SecretReplicationUserManagedReplicaArgs(location=stack.region)
                    ]
                )
            ),
            opts=pulumi.ResourceOptions(protect=stack.production),
        )
        for name in names
    }
    for one in runtimes():
        for name in sorted(read_by(one)):
            reads = secretmanager.SecretIamMember(
                f"{one.account}-{name}",
                secret_id=secrets[name].secret_id,
                role="roles/secretmanager.secretAccessor",
                member=accounts.member(one.account),
            )
            accounts.grants[one.account].append(reads)
    return Vault(secrets, _records_key(stack))


def _records_key(stack: Stack) -> pulumi.Output[str]:
    ring = kms.KeyRing("waooaw", name="waooaw", location=stack.region)
    key = kms.CryptoKey(
        "records",
        name="records",
        key_ring=ring.id,
        rotation_period=f"{QUARTER_S}s",
        # Nobody can delete a key. To destroy its versions would be to destroy what they encrypt.
        deletion_policy="ABANDON",
        opts=pulumi.ResourceOptions(protect=stack.production),
    )
    # To ask for Cloud Storage's agent makes it; by the time there is a key, its service is on.
    agent = storage.get_project_service_account_output(
        project=stack.project, opts=pulumi.InvokeOutputOptions(depends_on=[key])
    )
    allowed = kms.CryptoKeyIAMMember(
        "records-storage",
        crypto_key_id=key.id,
        role="roles/cloudkms.cryptoKeyEncrypterDecrypter",
        member=pulumi.Output.concat("serviceAccount:", agent.email_address),
    )
    return allowed.crypto_key_id
