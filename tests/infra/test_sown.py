"""Faults that are sown one by one into what production keeps: each is found by the check that is there for it."""

from dataclasses import replace

import pytest

from infra import checks, order, routes, safekeeping
from infra.functions import Functions
from infra.stack import ROOT
from tests.infra.broken import added, changed, noted, without
from tests.infra.test_checks import SERVICE, told

DECISIONS = ROOT / "docs" / "decisions"
DATABASE = "firestore.Database"
TRIGGER = "eventarc.Trigger"

REGION = safekeeping.everything_is_in_the_region
STAYS = safekeeping.what_holds_something_stays
KEPT = safekeeping.buckets_keep_what_they_promise
MEANWHILE = safekeeping.what_is_replaced_is_there_meanwhile
FORGETS = safekeeping.what_expires_is_deleted
IMAGES = safekeeping.images_that_run_stay


def elsewhere(type, label, place, right="asia-south1", **changes):
    return (
        REGION,
        lambda g: changed(g, type, label, **changes),
        f"{type} {label} is in {place} and belongs in {right}",
    )


SOWN = {
    "a function is where the gateway is": elsewhere(
        SERVICE, "agents.get_agent", "asia-northeast1", location="asia-northeast1"
    ),
    "a binding is elsewhere than its function": elsewhere(
        "cloudrunv2.ServiceIamBinding", "agents.get_agent", "europe-west1", location="europe-west1"
    ),
    "a workflow is elsewhere": elsewhere(
        "workflows.Workflow", "agent_creation", "us-central1", region="us-central1"
    ),
    "a trigger is elsewhere": elsewhere(
        TRIGGER, "events.publish_entry", "us-central1", location="us-central1"
    ),
    "a trigger runs something elsewhere": elsewhere(
        TRIGGER,
        "events.publish_entry",
        "us-central1",
        destination__cloudRunService__region="us-central1",
    ),
    "images are elsewhere": elsewhere(
        "artifactregistry.Repository", "functions", "us", location="us"
    ),
    "the database is in the United States": elsewhere(
        DATABASE, "records", "nam5", locationId="nam5"
    ),
    "a bucket is in the United States": elsewhere("storage.Bucket", "tap", "US", location="US"),
    "a secret is in the United States": elsewhere(
        "secretmanager.Secret",
        "writer-key-evidence",
        "us-central1",
        replication__userManaged__replicas__0__location="us-central1",
    ),
    "keys are everywhere": elsewhere("kms.KeyRing", "waooaw", "global", location="global"),
    "the gateway is elsewhere than its setting": elsewhere(
        "apigateway.Gateway", "waooaw", "us-east1", "asia-northeast1", region="us-east1"
    ),
    "a secret is wherever Google likes": (
        REGION,
        lambda g: changed(
            g, "secretmanager.Secret", "writer-key-evidence", replication={"auto": {}}
        ),
        (
            "secretmanager.Secret writer-key-evidence does not say where it is;"
            " it belongs in asia-south1"
        ),
    ),
    "a function believes that it is where the gateway is": (
        REGION,
        lambda g: told(g, "agents.get_agent", LOCATION="asia-northeast1"),
        "agents.get_agent is told that it is in asia-northeast1",
    ),
    **{
        f"a {type} is not protected": (
            STAYS,
            lambda g, type=type, label=label: noted(g, type, label, protect=False),
            f"{type} {label} is not protected from being deleted in prod",
        )
        for type, label in (
            ("secretmanager.Secret", "writer-key-evidence"),
            ("kms.CryptoKey", "records"),
            (DATABASE, "records"),
            ("storage.Bucket", "tap"),
        )
    },
    **{
        f"{member} of a {type} is {value}": (
            STAYS,
            lambda g, type=type, label=label, more={member: value}: changed(g, type, label, **more),
            f"{type} {label} has {member} {value} and not {right}",
        )
        for type, label, member, value, right in (
            ("workflows.Workflow", "agent_creation", "deletionProtection", False, True),
            (DATABASE, "records", "deletionPolicy", "DELETE", "ABANDON"),
            ("kms.CryptoKey", "records", "deletionPolicy", "DELETE", "ABANDON"),
            (
                DATABASE,
                "records",
                "deleteProtectionState",
                "DELETE_PROTECTION_DISABLED",
                "DELETE_PROTECTION_ENABLED",
            ),
            (
                DATABASE,
                "records",
                "pointInTimeRecoveryEnablement",
                "POINT_IN_TIME_RECOVERY_DISABLED",
                "POINT_IN_TIME_RECOVERY_ENABLED",
            ),
        )
    },
    "nothing is backed up": (
        STAYS,
        lambda g: [one for one in g if one.type != "firestore.BackupSchedule"],
        "there is no backup by weeklyRecurrence that is kept for 98 days, but None",
    ),
    "the tap is kept for a week": (
        KEPT,
        lambda g: changed(
            g, "storage.Bucket", "tap", retentionPolicy__retentionPeriod=str(7 * 24 * 3600)
        ),
        "the bucket tap keeps for 7 days and must for 2555",
    ),
    "uploads cannot be erased": (
        KEPT,
        lambda g: changed(
            g, "storage.Bucket", "uploads", retentionPolicy={"retentionPeriod": "86400"}
        ),
        "the bucket uploads keeps for 1 days and must for 0",
    ),
    "uploads are under no key of ours": (
        KEPT,
        lambda g: changed(g, "storage.Bucket", "uploads", encryption=None),
        "the bucket uploads is not encrypted with a key of ours",
    ),
    "of a new bucket nobody says what it keeps": (
        KEPT,
        lambda g: added(g, "storage.Bucket", "more", name="more"),
        "nobody says how long the bucket more keeps what is in it, and under whose key",
    ),
    "Storage may look at the key and not use it": (
        order.waits_for_what_it_needs,
        lambda g: changed(
            g, "kms.CryptoKeyIAMMember", "records-storage", role="roles/cloudkms.viewer"
        ),
        (
            "storage.Bucket tap is encrypted with"
            " projects/waooaw-prod/locations/asia-south1/keyRings/waooaw/cryptoKeys/records,"
            f" which no agent of its service may use. {order.for_its_key.__doc__}"
        ),
    ),
    "a key of an app opens everything": (
        order.waits_for_what_it_needs,
        lambda g: changed(g, "projects.ApiKey", "web", restrictions=None),
        (
            "projects.ApiKey web is for every service that takes a key."
            f" {order.for_the_managed_service.__doc__}"
        ),
    ),
    "a key is never renewed": (
        safekeeping.keys_are_renewed,
        lambda g: changed(g, "kms.CryptoKey", "records", rotationPeriod=None),
        "the key records is not renewed each 90 days",
    ),
    "the log is gone tomorrow": (
        safekeeping.the_log_can_be_asked,
        lambda g: changed(g, "logging.ProjectBucketConfig", "hot", retentionDays=1),
        "the log is gone after 1 days; 14 are looked back on",
    ),
    "the rules are for files": (
        safekeeping.the_rules_are_those_of_documents,
        lambda g: changed(g, "firebaserules.Release", "records", name="firebase.storage"),
        "rules are released for ['firebase.storage'] and not for cloud.firestore alone",
    ),
    "what runs is cleaned away": (
        safekeeping.images_that_run_stay,
        lambda g: changed(
            g,
            "artifactregistry.Repository",
            "functions",
            cleanupPolicies__0__condition__tagPrefixes=["release"],
        ),
        "an image that is tagged running goes when it is old: functions does not keep it",
    ),
    "a topic is wherever it is published from": (
        REGION,
        lambda g: changed(g, "pubsub.Topic", "dues", messageStoragePolicy=None),
        "pubsub.Topic dues does not say where it is; it belongs in asia-south1",
    ),
    "a topic is in Europe as well": elsewhere(
        "pubsub.Topic",
        "dues",
        "europe-west1",
        messageStoragePolicy={"allowedPersistenceRegions": ["asia-south1", "europe-west1"]},
    ),
    "the database is Datastore's": (
        STAYS,
        lambda g: changed(g, DATABASE, "records", type="DATASTORE_MODE"),
        "firestore.Database records has type DATASTORE_MODE and not FIRESTORE_NATIVE",
    ),
    "a transaction holds locks": (
        STAYS,
        lambda g: changed(g, DATABASE, "records", concurrencyMode="PESSIMISTIC"),
        "firestore.Database records has concurrencyMode PESSIMISTIC and not OPTIMISTIC",
    ),
    "a service goes with the stack": (
        STAYS,
        lambda g: changed(g, "projects.Service", "firestore", disableOnDestroy=True),
        "projects.Service firestore has disableOnDestroy True and not False",
    ),
    "a workflow says nothing of why it failed": (
        STAYS,
        lambda g: changed(g, "workflows.Workflow", "agent_creation", callLogLevel="LOG_NONE"),
        "workflows.Workflow agent_creation has callLogLevel LOG_NONE and not LOG_ERRORS_ONLY",
    ),
    "nothing is backed up each day": (
        STAYS,
        lambda g: without(g, "firestore.BackupSchedule", "daily"),
        "there is no backup by dailyRecurrence that is kept for 7 days, but None",
    ),
    **{
        f"the gateway has no configuration meanwhile ({first})": (
            MEANWHILE,
            lambda g, first=first: noted(g, "apigateway.ApiConfig", "waooaw", goes_first=first),
            "apigateway.ApiConfig waooaw is deleted before there is what replaces it",
        )
        for first in (True, None)
    },
    "the database goes first": (
        MEANWHILE,
        lambda g: noted(g, DATABASE, "records", goes_first=True),
        "firestore.Database records is deleted before there is what replaces it",
    ),
    **{
        f"an index is given up ({patience})": (
            MEANWHILE,
            lambda g, patience=patience: noted(g, "firestore.Field", "dues-at", patience=patience),
            "firestore.Field dues-at is given up after 20m; to update it may take an hour",
        )
        for patience in ({"create": "90m", "update": "20m"}, {})
    },
    "nobody can sign in by Google": (
        safekeeping.what_is_there_is_on,
        lambda g: changed(
            g, "identityplatform.DefaultSupportedIdpConfig", "google.com", enabled=False
        ),
        "identityplatform.DefaultSupportedIdpConfig google.com is declared and switched off",
    ),
    "an account is switched off": (
        safekeeping.what_is_there_is_on,
        lambda g: changed(g, "serviceaccount.Account", "gateway", disabled=True),
        "serviceaccount.Account gateway is declared and switched off",
    ),
    "nothing is forgotten": (
        FORGETS,
        lambda g: changed(g, "firestore.Field", "inbox-kept_until", ttlConfig=None),
        "inbox says until when it is kept, and stays",
    ),
    "what is kept for good is forgotten": (
        FORGETS,
        lambda g: changed(g, "firestore.Field", "dues-at", ttlConfig={}),
        "dues is deleted by its at",
    ),
    "uploads go by themselves": (
        KEPT,
        lambda g: changed(
            g,
            "storage.Bucket",
            "uploads",
            lifecycleRules=[{"action": {"type": "Delete"}, "condition": {"age": 30}}],
        ),
        "the bucket uploads deletes what is in it by itself, and nobody asked it to",
    ),
    "a key that is stolen goes on": (
        safekeeping.keys_are_renewed,
        lambda g: changed(
            g,
            SERVICE,
            "agents.get_agent",
            template__volumes__0__secret__items__0__version="1",
        ),
        "agents.get_agent is given version 1 of writer-key-pipeline, whatever comes after it",
    ),
    "a key that is told goes on": (
        safekeeping.keys_are_renewed,
        lambda g: told(
            g, "agents.get_agent", STORE="gcp-secret://projects/p/secrets/models-key/versions/3"
        ),
        "agents.get_agent is given version 3 of models-key, whatever comes after it",
    ),
    "one image is kept": (
        IMAGES,
        lambda g: changed(
            g,
            "artifactregistry.Repository",
            "functions",
            cleanupPolicies__1__mostRecentVersions__keepCount=1,
        ),
        "functions does not keep the 10 newest images, but [(1, 'KEEP')]",
    ),
    "images are gone tomorrow": (
        IMAGES,
        lambda g: changed(
            g,
            "artifactregistry.Repository",
            "functions",
            cleanupPolicies__2__condition__olderThan="86400s",
        ),
        (
            "functions deletes other images than those that are older than 90 days:"
            " [{'olderThan': '86400s'}]"
        ),
    ),
}


@pytest.mark.parametrize("fault", SOWN)
def test_what_is_sown_is_found(prod, fault):
    check, sow, sentence = SOWN[fault]
    assert check in checks.CHECKS
    assert sentence in list(check(sow(prod), "prod"))


def test_numbers_are_those_of_the_decisions():
    """A number that a decision gives is what the check holds the program to."""
    images = (DECISIONS / "0035-one-image.md").read_text()
    assert f"the ten newest; the rest goes after {safekeeping.OLD_DAYS} days" in images
    assert safekeeping.NEWEST == 10
    gateway = (DECISIONS / "0010-infrastructure.md").read_text()
    calls, decisions = routes.A_MINUTE["calls"], routes.A_MINUTE["decisions"]
    assert f"{calls:,} calls and {decisions} decisions a minute" in gateway


def test_what_is_protected_in_production_can_be_destroyed_elsewhere(dev):
    kept = [replace(one, protect=one.type == DATABASE) for one in dev]
    assert list(STAYS(kept, "dev")) == ["firestore.Database records is protected in dev"]


def test_whatever_a_check_does_not_find_is_a_sentence(prod):
    """Nobody who deploys is answered with a traceback."""
    broken = changed(prod, TRIGGER, "events.publish_entry", destination=None)
    said = checks.findings(broken, "prod")
    assert any("every stored reaction has its trigger: something is not there" in s for s in said)


def test_what_is_called_and_is_not_deployed_is_a_sentence():
    from pulumi import RunError

    with pytest.raises(RunError, match=r"agents.get_agent is called and is not deployed"):
        Functions()["agents.get_agent"]
