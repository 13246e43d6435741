"""What must hold of what holds something: where it is, how long it stays, whose key it is under, and that nobody takes it away."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.graph import Resource, configuration
from infra.image import KEPT
from infra.reading import Check, Graph, of, said, told
from infra.stack import Environment

DAY_S = 24 * 3600
MEMBERS = ("location", "locationId", "region")
"""The members that name a place."""

PLACED = {
    "artifactregistry.Repository",
    "cloudrunv2.Service",
    "cloudrunv2.ServiceIamBinding",
    "cloudscheduler.Job",
    "eventarc.Trigger",
    "firestore.Database",
    "kms.KeyRing",
    "secretmanager.Secret",
    "storage.Bucket",
    "workflows.Workflow",
}
"""What is somewhere, and where Google decides if nobody says where."""

ELSEWHERE: Mapping[str, str] = {
    "apigateway.Gateway": "waooaw:gatewayRegion",
    "logging.ProjectBucketConfig": "global",
}
"""What is not in the region of its stack, and where it is: by a setting, or so named. The gateway keeps nothing; the log is hot for days."""

PROTECTED = {"firestore.Database", "kms.CryptoKey", "secretmanager.Secret", "storage.Bucket"}
"""What the engine does not delete in production: what these hold is nowhere else."""

STAYS: Mapping[str, Mapping[str, Any]] = {
    "firestore.Database": {
        "deleteProtectionState": "DELETE_PROTECTION_ENABLED",
        "deletionPolicy": "ABANDON",
        "pointInTimeRecoveryEnablement": "POINT_IN_TIME_RECOVERY_ENABLED",
    },
    "kms.CryptoKey": {"deletionPolicy": "ABANDON"},
    "storage.Bucket": {"forceDestroy": False},
    "workflows.Workflow": {"deletionProtection": True},
}
"""What Google, or its provider, is told so that it stays in production, by its type."""


@dataclass(frozen=True)
class Keeping:
    """How a bucket keeps what is in it."""

    days: int = 0
    """How long nobody can delete it in production; 0 where it goes as soon as it is deleted. Elsewhere a day stands for years."""

    ours: bool = True
    """Whether it is under a key of ours."""


BUCKETS: Mapping[str, Keeping] = {
    "log": Keeping(days=7 * 365),
    "source": Keeping(ours=False),
    "tap": Keeping(days=7 * 365),
    "uploads": Keeping(),
}
"""What each bucket promises; in `source` are archives of the repository alone."""

ROTATED_DAYS = 90
HOT_DAYS = 14
"""How long the log can be asked: what watches and what looks into an incident goes back no further."""


def everything_is_in_the_region(graph: Graph, environment: Environment) -> Iterator[str]:
    """What the stack consists of is in its region, but for what is named: nothing of anybody's leaves the country."""
    settings = configuration(environment, "", {})
    for one in graph:
        where = ELSEWHERE.get(one.type, "gcp:region")
        right = settings.get(where, where)
        places = {value for member, value in said(one.inputs) if member in MEMBERS}
        if one.type in PLACED | ELSEWHERE.keys() and not places:
            yield f"{one.type} {one.name} does not say where it is; it belongs in {right}"
        for place in sorted(places - {right}):
            yield f"{one.type} {one.name} is in {place} and belongs in {right}"
    for one in of(graph, "cloudrunv2.Service"):
        if (believed := told(one).get("LOCATION")) != settings["gcp:region"]:
            yield f"{one.name} is told that it is in {believed}"


def what_holds_something_stays(graph: Graph, environment: Environment) -> Iterator[str]:
    """What holds something is protected in production, where nothing is deleted, and can be destroyed everywhere else."""
    production = environment == "prod"
    for one in graph:
        if one.protect != (production and one.type in PROTECTED):
            how = "is protected" if one.protect else "is not protected from being deleted"
            yield f"{one.type} {one.name} {how} in {environment}"
        for member, value in STAYS.get(one.type, {}).items():
            if production and one.inputs.get(member) != value:
                yield f"{one.type} {one.name} has {member} {one.inputs.get(member)} and not {value}"
    if production and not of(graph, "firestore.BackupSchedule"):
        yield "nothing is backed up"


def buckets_keep_what_they_promise(graph: Graph, environment: Environment) -> Iterator[str]:
    """Each bucket keeps for as long as it must, locked in production alone, and under a key of ours where it is of anybody's."""
    for one in of(graph, "storage.Bucket"):
        keeping = BUCKETS.get(one.name)
        if keeping is None:
            yield f"nobody says how long the bucket {one.name} keeps what is in it, and under whose key"
        else:
            yield from _kept(one, keeping, environment)


def _kept(one: Resource, keeping: Keeping, environment: Environment) -> Iterator[str]:
    retention = one.inputs.get("retentionPolicy") or {}
    production = environment == "prod"
    days = keeping.days if production else min(keeping.days, 1)
    has_s = int(retention.get("retentionPeriod") or 0)
    if keeping.days and not retention:
        yield f"the bucket {one.name} keeps nothing: it has no retention policy"
    elif has_s != days * DAY_S:
        yield f"the bucket {one.name} keeps for {has_s / DAY_S:g} days and must for {days}"
    locked = bool(retention.get("isLocked"))
    if locked != (production and keeping.days > 0):
        yield (
            f"the bucket {one.name} is {'locked' if locked else 'not locked'} in {environment};"
            " a lock is for production alone, for it can never be taken off"
        )
    if keeping.ours and not (one.inputs.get("encryption") or {}).get("defaultKmsKeyName"):
        yield f"the bucket {one.name} is not encrypted with a key of ours"


def what_is_deleted_is_gone(graph: Graph, _: Environment) -> Iterator[str]:
    """No bucket keeps what was deleted in it: Google keeps it for a week where nobody says otherwise."""
    for one in of(graph, "storage.Bucket"):
        if (one.inputs.get("softDeletePolicy") or {}).get("retentionDurationSeconds") != 0:
            yield f"the bucket {one.name} keeps what was deleted; set softDeletePolicy to 0 seconds"


def keys_are_renewed(graph: Graph, _: Environment) -> Iterator[str]:
    """A key of ours is another one each quarter of a year."""
    for one in of(graph, "kms.CryptoKey"):
        if one.inputs.get("rotationPeriod") != f"{ROTATED_DAYS * DAY_S}s":
            yield f"the key {one.name} is not renewed each {ROTATED_DAYS} days"


def the_log_can_be_asked(graph: Graph, _: Environment) -> Iterator[str]:
    """The log of the last two weeks is there."""
    for one in of(graph, "logging.ProjectBucketConfig"):
        if one.inputs.get("retentionDays", 0) < HOT_DAYS:
            yield f"the log is gone after {one.inputs.get('retentionDays')} days; {HOT_DAYS} are looked back on"


def the_rules_are_those_of_documents(graph: Graph, _: Environment) -> Iterator[str]:
    """The rules that let nobody in are released for the database."""
    released = {one.inputs.get("name") for one in of(graph, "firebaserules.Release")}
    if released != {"cloud.firestore"}:
        yield f"rules are released for {sorted(map(str, released))} and not for cloud.firestore alone"


def images_that_run_stay(graph: Graph, _: Environment) -> Iterator[str]:
    """No image goes that runs, that ran before it, or that is to run next."""
    for one in of(graph, "artifactregistry.Repository"):
        kept = {
            prefix
            for policy in one.inputs.get("cleanupPolicies") or ()
            if policy.get("action") == "KEEP"
            for prefix in (policy.get("condition") or {}).get("tagPrefixes") or ()
        }
        for tag in sorted(set(KEPT) - kept):
            yield f"an image that is tagged {tag} goes when it is old: {one.name} does not keep it"


CHECKS: tuple[Check, ...] = (
    everything_is_in_the_region,
    what_holds_something_stays,
    buckets_keep_what_they_promise,
    what_is_deleted_is_gone,
    keys_are_renewed,
    the_log_can_be_asked,
    the_rules_are_those_of_documents,
    images_that_run_stay,
)
