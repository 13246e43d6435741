"""Buckets: the archives that images are built from, and what must be kept, which nobody can delete in production."""

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_gcp import storage

from infra.accounts import IN_UPLOADS, Accounts
from infra.groups import runtimes
from infra.stack import Stack
from infra.vault import Vault

SEVEN_YEARS_S = 7 * 365 * 24 * 3600
DAY_S = 24 * 3600


@dataclass(frozen=True)
class Buckets:
    """The buckets, by what they are for."""

    source: storage.Bucket
    log: storage.Bucket
    tap: storage.Bucket
    uploads: storage.Bucket


def declare(stack: Stack, vault: Vault, accounts: Accounts) -> Buckets:
    """Declare the buckets."""
    source = _bucket(stack, "source")
    kept = {name: _kept(stack, name, vault) for name in ("log", "tap")}
    return Buckets(source, **kept, uploads=_uploads(stack, vault, accounts))


def _uploads(stack: Stack, vault: Vault, accounts: Accounts) -> storage.Bucket:
    """Declare the bucket of people's documents, of which each account may do what its ports take, and nobody may replace."""
    uploads = _bucket(
        stack,
        "uploads",
        encryption=storage.BucketEncryptionArgs(default_kms_key_name=vault.records),
    )
    for one in runtimes():
        for port, (does, role) in IN_UPLOADS.items():
            if port in one.ports:
                uses = storage.BucketIAMMember(
                    f"{one.account}-{does}-uploads",
                    bucket=uploads.name,
                    role=accounts.role(role),
                    member=accounts.member(one.account),
                )
                accounts.grants[one.account].append(uses)
    return uploads


def _kept(stack: Stack, name: str, vault: Vault) -> storage.Bucket:
    """Declare a bucket whose objects nobody can delete for years; elsewhere than in production, for a day."""
    return _bucket(
        stack,
        name,
        encryption=storage.BucketEncryptionArgs(default_kms_key_name=vault.records),
        retention_policy=storage.BucketRetentionPolicyArgs(
            retention_period=str(SEVEN_YEARS_S if stack.production else DAY_S),
            is_locked=stack.production,
        ),
        lifecycle_rules=[
            storage.BucketLifecycleRuleArgs(
                action=storage.BucketLifecycleRuleActionArgs(
                    type="SetStorageClass", storage_class="ARCHIVE"
                ),
                condition=storage.BucketLifecycleRuleConditionArgs(age=90),
            )
        ],
    )


def _bucket(stack: Stack, name: str, **more: Any) -> storage.Bucket:
    return storage.Bucket(
        name,
        name=stack.bucket(name),
        location=stack.region,
        uniform_bucket_level_access=True,
        public_access_prevention="enforced",
        # By default Google keeps what was deleted for a week: an erased document would still be there, and be paid for.
        # What must outlive a mistake has a retention policy instead.
        soft_delete_policy=storage.BucketSoftDeletePolicyArgs(retention_duration_seconds=0),
        force_destroy=not stack.production,
        opts=pulumi.ResourceOptions(protect=stack.production),
        **more,
    )
