"""Faults that are sown one by one into what production would be: each is found by the check that is there for it."""

import base64
import json
from copy import deepcopy
from dataclasses import replace

import pytest

from infra import checks, figures, order, safekeeping, serving
from infra.functions import Functions
from infra.reading import of
from tests.infra.broken import added, changed, without
from tests.infra.test_checks import SERVICE, told

CONFIG = "identityplatform.Config"
DATABASE = "firestore.Database"
METRIC = "logging.Metric"
TRIGGER = "eventarc.Trigger"

REGION = safekeeping.everything_is_in_the_region
STAYS = safekeeping.what_holds_something_stays
KEPT = safekeeping.buckets_keep_what_they_promise
PEOPLE = serving.the_gateway_knows_the_people_of_the_project
SIGNS_IN = serving.only_who_is_vouched_for_signs_in
BOUNDED = serving.functions_are_bounded
GIVEN = serving.functions_are_given_what_cloud_run_has
FIGURES = figures.figures_count_what_they_say
ASKED = figures.what_is_asked_of_figures_is_told


def unprotected(graph, type, label):
    return [
        replace(one, protect=False) if (one.type, one.name) == (type, label) else one
        for one in graph
    ]


def known(graph, way, **members):
    """Return the graph with a gateway that knows a way in by other members."""
    (config,) = of(graph, "apigateway.ApiConfig")
    inputs = deepcopy(dict(config.inputs))
    document = inputs["openapiDocuments"][0]["document"]
    description = json.loads(base64.b64decode(document["contents"]))
    description["securityDefinitions"].setdefault(way, {}).update(members)
    document["contents"] = base64.b64encode(json.dumps(description).encode()).decode()
    return [replace(one, inputs=inputs) if one is config else one for one in graph]


def watched(graph, label, old, new):
    """Return the graph with an alert that asks something else."""
    alert = next(one for one in of(graph, "monitoring.AlertPolicy") if one.name == label)
    inputs = json.loads(json.dumps(alert.inputs))
    asks = inputs["conditions"][0]["conditionThreshold"]
    assert old in asks["filter"]
    asks["filter"] = asks["filter"].replace(old, new)
    return [replace(one, inputs=inputs) if one is alert else one for one in graph]


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
            lambda g, type=type, label=label: unprotected(g, type, label),
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
        "nothing is backed up",
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
    **{
        f"the gateway knows another {member}": (
            PEOPLE,
            lambda g, way=way, more={member: "other"}: known(g, way, **more),
            f"the gateway knows a {way} by {member} other and not {right}",
        )
        for way, member, right in (
            ("person", "x-google-audiences", "waooaw-prod"),
            ("person", "x-google-issuer", "https://securetoken.google.com/waooaw-prod"),
            ("person", "x-google-jwks_uri", serving.KEYS),
            ("app", "name", "x-api-key"),
            ("guest", "type", None),
        )
    },
    "a function is told of another project": (
        PEOPLE,
        lambda g: told(g, "agents.get_agent", PROJECT="other"),
        "functions are told that they are in ['other', 'waooaw-prod'], and are in ['waooaw-prod']",
    ),
    "there is no second factor": (
        SIGNS_IN,
        lambda g: changed(g, CONFIG, "sign-in", mfa__state="DISABLED"),
        "nobody can have a second factor: it is ['DISABLED', 'ENABLED']",
    ),
    "one may sign in elsewhere": (
        SIGNS_IN,
        lambda g: changed(
            g,
            CONFIG,
            "sign-in",
            authorizedDomains=["waooaw-prod.web.app", "waooaw-prod.firebaseapp.com", "example.com"],
        ),
        "example.com is where one may sign in and not call, or the other way round",
    ),
    "one signs in with a password": (
        SIGNS_IN,
        lambda g: changed(g, CONFIG, "sign-in", signIn__email__enabled=True),
        "whoever signs in by email is vouched for by nobody; switch it off",
    ),
    "anybody signs up": (
        SIGNS_IN,
        lambda g: changed(g, CONFIG, "sign-in", client__permissions__disabledUserSignup=False),
        "anybody may sign up; who is let in is invited",
    ),
    "half of the requests go to what was before": (
        BOUNDED,
        lambda g: changed(g, SERVICE, "agents.get_agent", traffics__0__percent=50),
        "agents.get_agent may go on serving an old revision",
    ),
    "a function grows further than its stack says": (
        BOUNDED,
        lambda g: changed(g, SERVICE, "agents.get_agent", template__scaling__maxInstanceCount=100),
        "agents.get_agent has no bound on its instances, or another than 20",
    ),
    **{
        f"a function has {cpu} CPU and {mib} MiB": (
            GIVEN,
            lambda g, limits={"cpu": cpu, "memory": f"{mib}Mi"}: changed(
                g, SERVICE, "agents.get_agent", template__containers__0__resources__limits=limits
            ),
            f"agents.get_agent has {cpu} CPU and {mib} MiB; Cloud Run has no less than 0.08 and 128",
        )
        for cpu, mib in (("0.05", 160), ("0.2", 64))
    },
    **{
        f"a trigger is for {what}": (
            checks.every_stored_reaction_has_its_trigger,
            lambda g, more={f"matchingCriterias__{place}": value}: changed(
                g, TRIGGER, "events.publish_entry", **more
            ),
            "events.publish_entry is triggered by other documents than it takes",
        )
        for what, place, value in (
            ("whatever is written", "0__value", "google.cloud.firestore.document.v1.written"),
            ("another database", "1__value", "other"),
            ("one tenant", "2__value", "tenants/acme/events/{id}"),
            ("a document of that very name", "2__operator", ""),
        )
    },
    "a sweep goes by another clock": (
        checks.every_schedule_has_its_function,
        lambda g: changed(g, "cloudscheduler.Job", "events.sweep_entries", timeZone="Asia/Kolkata"),
        "events-sweep-entries runs at */1 * * * * in Asia/Kolkata and not at */1 * * * * in Etc/UTC",
    ),
    "a figure is a gauge": (
        FIGURES,
        lambda g: changed(g, METRIC, "errors", metricDescriptor__metricKind="GAUGE"),
        "the figure errors is a GAUGE; what is counted of a log is a DELTA",
    ),
    "a figure measures nothing": (
        FIGURES,
        lambda g: changed(g, METRIC, "latency", metricDescriptor__valueType="INT64"),
        "the figure latency is of INT64, which is not what it takes out of a line",
    ),
    "a label is taken from nowhere": (
        FIGURES,
        lambda g: changed(g, METRIC, "errors", labelExtractors={"path": "EXTRACT(jsonPayload.p)"}),
        "the figure errors tells by route, which is taken from nowhere",
    ),
    "lines are sought where none are": (
        FIGURES,
        lambda g: changed(
            g, METRIC, "requests", filter='resource.type="global" AND jsonPayload.route:*'
        ),
        "the figure requests counts other lines than it says",
    ),
    "every request is an error": (
        FIGURES,
        lambda g: changed(
            g, METRIC, "errors", filter='resource.type="cloud_run_revision" AND jsonPayload.route:*'
        ),
        "the figure errors counts other lines than it says",
    ),
    "nothing counts errors": (
        FIGURES,
        lambda g: without(g, METRIC, "errors"),
        "nothing counts errors",
    ),
    "an alert asks by a label that is not told": (
        ASKED,
        lambda g: watched(g, "approval-latency", 'metric.label."route"', 'metric.label."path"'),
        (
            "the alert approval-latency asks logging.googleapis.com/user/latency by path,"
            " which it does not tell"
        ),
    ),
    "an alert looks where nothing is": (
        ASKED,
        lambda g: watched(g, "many-errors", "cloud_run_revision", "global"),
        (
            "the alert many-errors asks logging.googleapis.com/user/errors of ['global'],"
            " which is of ['cloud_run_revision']"
        ),
    ),
    "an alert tells nobody": (
        ASKED,
        lambda g: changed(g, "monitoring.AlertPolicy", "errors", notificationChannels=[]),
        "the alert errors tells nobody",
    ),
}


@pytest.mark.parametrize("fault", SOWN)
def test_what_is_sown_is_found(prod, fault):
    check, sow, sentence = SOWN[fault]
    assert check in checks.CHECKS
    assert sentence in list(check(sow(prod), "prod"))


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
