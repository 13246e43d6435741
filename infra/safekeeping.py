"""What must hold of what holds something: where it is, how long it stays, whose key it is under, and that nobody takes it away."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.graph import Resource, configuration
from infra.image import KEPT
from infra.indexes import expiring
from infra.reading import Check, Graph, of, said, switches, told
from infra.stack import Environment
from shared.documents import EXPIRY

DAY_S = 24 * 3600
MEMBERS = ("location", "locationId", "region", "allowedPersistenceRegions")
"""The members that name a place."""

PLACED = {
    "artifactregistry.Repository",
    "cloudrunv2.Service",
    "cloudrunv2.ServiceIamBinding",
    "cloudscheduler.Job",
    "eventarc.Trigger",
    "firestore.Database",
    "kms.KeyRing",
    "pubsub.Topic",
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

ALWAYS: Mapping[str, Mapping[str, Any]] = {
    # The code speaks Firestore's own API, and tries again what lost against another transaction.
    "firestore.Database": {"type": "FIRESTORE_NATIVE", "concurrencyMode": "OPTIMISTIC"},
    # What it holds would go with it, and others of the project ask it too.
    "projects.Service": {"disableOnDestroy": False},
    # Why a call failed must be found, and what people send is not for the log.
    "workflows.Workflow": {"callLogLevel": "LOG_ERRORS_ONLY"},
}
"""What is so in every stack, by its type."""

GOES_LAST = {"apigateway.ApiConfig"}
"""What is replaced by something of another name, which the provider would make only once the first is gone."""

PATIENT = {"firestore.Index", "firestore.Field"}
PATIENCE_MIN = 60
"""What takes an hour over many documents: given up by the engine, it would go on, and be there and be nobody's."""

BACKUPS: Mapping[str, int] = {"dailyRecurrence": 7, "weeklyRecurrence": 98}
"""For how many days a backup of production is kept, by how often it is made."""

NEWEST, OLD_DAYS = 10, 90
"""How many images stay however old they are, and after how many days the rest goes (docs/decisions/0035-one-image.md)."""

_VERSION = re.compile(r"/secrets/([^/]+)/versions/([^/]+)$")


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
        right = {**ALWAYS.get(one.type, {}), **(STAYS.get(one.type, {}) if production else {})}
        for member, value in right.items():
            if one.inputs.get(member) != value:
                yield f"{one.type} {one.name} has {member} {one.inputs.get(member)} and not {value}"
    backups = {
        often: one.inputs["retention"]
        for one in of(graph, "firestore.BackupSchedule")
        for often in one.inputs.keys() & BACKUPS.keys()
    }
    for often, days in BACKUPS.items() if production else ():
        if backups.get(often) != f"{days * DAY_S}s":
            yield f"there is no backup by {often} that is kept for {days} days, but {backups.get(often)}"


def what_is_replaced_is_there_meanwhile(graph: Graph, _: Environment) -> Iterator[str]:
    """Nothing is deleted before there is what replaces it, and nothing that takes an hour is given up before."""
    for one in graph:
        if one.goes_first or (one.goes_first is None and one.type in GOES_LAST):
            yield f"{one.type} {one.name} is deleted before there is what replaces it"
        for act in ("create", "update") if one.type in PATIENT else ():
            waits = one.patience.get(act, "20m")
            if not waits.endswith("m") or int(waits.removesuffix("m")) < PATIENCE_MIN:
                yield f"{one.type} {one.name} is given up after {waits}; to {act} it may take an hour"


def what_is_there_is_on(graph: Graph, _: Environment) -> Iterator[str]:
    """Nothing is declared and switched off, but the ways of signing in that nobody vouches for."""
    for one in graph:
        ways = {"signIn"} if one.type == "identityplatform.Config" else set()
        inputs = {name: value for name, value in one.inputs.items() if name not in ways}
        for member, value in switches(inputs):
            if value != (member == "enabled"):
                yield f"{one.type} {one.name} is declared and switched off"


def what_expires_is_deleted(graph: Graph, _: Environment) -> Iterator[str]:
    """Firestore deletes each record that says until when it is kept, and no other."""
    right = {(kind.collection, EXPIRY) for kind in expiring()}
    has = {
        (one.inputs["collection"], one.inputs["field"])
        for one in of(graph, "firestore.Field")
        if one.inputs.get("ttlConfig") is not None
    }
    yield from (f"{kind} says until when it is kept, and stays" for kind, _ in sorted(right - has))
    yield from (f"{kind} is deleted by its {by}" for kind, by in sorted(has - right))


def buckets_keep_what_they_promise(graph: Graph, environment: Environment) -> Iterator[str]:
    """Each bucket keeps for as long as it must, locked in production alone, and under a key of ours where it is of anybody's."""
    for one in of(graph, "storage.Bucket"):
        keeping = BUCKETS.get(one.name)
        if keeping is None:
            yield f"nobody says how long the bucket {one.name} keeps what is in it, and under whose key"
        else:
            yield from _kept(one, keeping, environment)


def _kept(one: Resource, keeping: Keeping, environment: Environment) -> Iterator[str]:
    for rule in one.inputs.get("lifecycleRules") or ():
        if rule["action"]["type"] == "Delete":
            yield f"the bucket {one.name} deletes what is in it by itself, and nobody asked it to"
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
    """A key of ours is another one each quarter of a year, and whoever uses a secret has the newest of it."""
    for one in of(graph, "kms.CryptoKey"):
        if one.inputs.get("rotationPeriod") != f"{ROTATED_DAYS * DAY_S}s":
            yield f"the key {one.name} is not renewed each {ROTATED_DAYS} days"
    for one in of(graph, "cloudrunv2.Service"):
        for secret, version in _versions(one):
            if version != "latest":
                yield f"{one.name} is given version {version} of {secret}, whatever comes after it"


def _versions(service: Resource) -> Iterator[tuple[str, str]]:
    """Yield the secrets that a service is given, each with its version."""
    for volume in service.inputs["template"].get("volumes") or ():
        secret = volume.get("secret") or {}
        yield from ((secret["secret"], item["version"]) for item in secret.get("items") or ())
    for value in told(service).values():
        yield from _VERSION.findall(value)


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
    """No image goes that runs, that ran before it, or that is to run next; of the others the newest stay, and the old ones go."""
    for one in of(graph, "artifactregistry.Repository"):
        policies = one.inputs.get("cleanupPolicies") or ()
        kept = {
            prefix
            for policy in policies
            if policy.get("action") == "KEEP"
            for prefix in (policy.get("condition") or {}).get("tagPrefixes") or ()
        }
        newest = [
            (p["mostRecentVersions"]["keepCount"], p["action"])
            for p in policies
            if p.get("mostRecentVersions")
        ]
        if newest != [(NEWEST, "KEEP")]:
            yield f"{one.name} does not keep the {NEWEST} newest images, but {newest}"
        old = [p.get("condition") for p in policies if p.get("action") == "DELETE"]
        if old != [{"olderThan": f"{OLD_DAYS * DAY_S}s"}]:
            yield f"{one.name} deletes other images than those that are older than {OLD_DAYS} days: {old}"
        for tag in sorted(set(KEPT) - kept):
            yield f"an image that is tagged {tag} goes when it is old: {one.name} does not keep it"


CHECKS: tuple[Check, ...] = (
    everything_is_in_the_region,
    what_holds_something_stays,
    what_is_replaced_is_there_meanwhile,
    what_is_there_is_on,
    what_expires_is_deleted,
    buckets_keep_what_they_promise,
    what_is_deleted_is_gone,
    keys_are_renewed,
    the_log_can_be_asked,
    the_rules_are_those_of_documents,
    images_that_run_stay,
)
