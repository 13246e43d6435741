"""Policy as code: what is broken on purpose is found, and said in a sentence."""

import base64
import json
from copy import deepcopy
from dataclasses import replace

import pytest

from infra.checks import BECOMES, findings
from infra.graph import Resource

INVOKER = "cloudrunv2.ServiceIamMember"


def changed(graph, type, label, /, **changes):
    """Return the graph with the inputs of one resource changed: ``outer__inner=value``."""
    found = next(one for one in graph if one.type == type and one.name == label)
    inputs = deepcopy(dict(found.inputs))
    for path, value in changes.items():
        *way, last = path.split("__")
        place = inputs
        for step in way:
            place = place[step]
        place[last] = value
    return [replace(one, inputs=inputs) if one is found else one for one in graph]


def without(graph, type, name):
    rest = [one for one in graph if (one.type, one.name) != (type, name)]
    assert len(rest) == len(graph) - 1, f"there is no {type} {name}"
    return rest


def added(graph, type, label, /, **inputs):
    return [*graph, Resource(type, label, inputs)]


def rerouted(graph, change):
    config = next(one for one in graph if one.type == "apigateway.ApiConfig")
    inputs = deepcopy(dict(config.inputs))
    document = inputs["openapiDocuments"][0]["document"]
    description = json.loads(base64.b64decode(document["contents"]))
    change(description["paths"])
    document["contents"] = base64.b64encode(json.dumps(description).encode()).decode()
    return [replace(one, inputs=inputs) if one is config else one for one in graph]


def without_token(paths):
    del paths["/v1/me"]["get"]["security"]


def elsewhere(paths):
    there = paths["/v1/me"]["get"]["x-google-backend"]["address"]
    paths["/v1/agents"]["get"]["x-google-backend"]["address"] = there


def renamed(paths):
    paths["/v1/agent"] = paths.pop("/v1/agents")


BREAKAGES = {
    "a function is forgotten": (
        lambda g: without(g, "cloudfunctionsv2.Function", "agents.get_agent"),
        "agents-get-agent is in the catalog and is not deployed",
    ),
    "another function is deployed": (
        lambda g: changed(g, "cloudfunctionsv2.Function", "agents.get_agent", name="agents-see"),
        "agents-see is deployed and not in the catalog",
    ),
    "anybody may invoke": (
        lambda g: changed(g, INVOKER, "gateway-invokes-agents.get_agent", member="allUsers"),
        (
            "gateway-invokes-agents.get_agent gives roles/run.invoker to allUsers;"
            " nothing is public but the gateway and the site"
        ),
    ),
    "every account of Google may read a bucket": (
        lambda g: added(
            g,
            "storage.BucketIAMMember",
            "open",
            bucket="b",
            role="roles/storage.objectViewer",
            member="allAuthenticatedUsers",
        ),
        (
            "open gives roles/storage.objectViewer to allAuthenticatedUsers;"
            " nothing is public but the gateway and the site"
        ),
    ),
    "a bucket may be made public": (
        lambda g: changed(g, "storage.Bucket", "tap", publicAccessPrevention="inherited"),
        "the bucket tap may be made public; enforce the prevention of public access",
    ),
    "an account may do everything": (
        lambda g: added(
            g,
            "projects.IAMMember",
            "all",
            role="roles/editor",
            member="serviceAccount:builder@p.iam.gserviceaccount.com",
        ),
        "all gives roles/editor, which is far more than anything needs",
    ),
    "an account has a key": (
        lambda g: added(g, "serviceaccount.Key", "laptop", serviceAccountId="gateway"),
        "laptop is a key of an account; identities need none",
    ),
    "another identity may invoke": (
        lambda g: added(
            g,
            INVOKER,
            "genesis-invokes",
            name="agents-get-agent",
            role="roles/run.invoker",
            member="serviceAccount:genesis@p.iam.gserviceaccount.com",
        ),
        (
            "genesis-invokes lets serviceAccount:genesis@p.iam.gserviceaccount.com invoke;"
            " only gateway, workflows, scheduler, pubsub may"
        ),
    ),
    "an identity may invoke everything": (
        lambda g: added(
            g,
            "projects.IAMMember",
            "wide",
            role="roles/run.invoker",
            member="serviceAccount:gateway@p.iam.gserviceaccount.com",
        ),
        "wide lets somebody invoke every function; name the function",
    ),
    "the gateway cannot reach an operation": (
        lambda g: without(g, INVOKER, "gateway-invokes-agents.get_agent"),
        "agents.get_agent cannot be reached: gateway may not invoke it",
    ),
    "the broker may invoke an operation": (
        lambda g: changed(
            g, INVOKER, "pubsub-invokes-mobile.follow_agent", name="agents-get-agent"
        ),
        "pubsub may invoke agents.get_agent and never does",
    ),
    "a workflow cannot call what it calls": (
        lambda g: without(g, INVOKER, "workflows-invokes-agents.assign_version"),
        "workflows must be one that may invoke agents-assign-version, for its functions need it",
    ),
    "a workflow is too long": (
        lambda g: changed(g, "workflows.Workflow", "agent_creation", sourceContents="#" * 2**18),
        "the workflow agent_creation is longer than 128 KiB",
    ),
    "a route has another name": (
        lambda g: rerouted(g, renamed),
        "the gateway has no route GET /v1/agents",
    ),
    "a route asks for no token": (
        lambda g: rerouted(g, without_token),
        "the route GET /v1/me lets in whoever has no token",
    ),
    "a route leads elsewhere": (
        lambda g: rerouted(g, elsewhere),
        "the route GET /v1/agents does not lead to agents.list_agents",
    ),
    "a function runs as another group": (
        lambda g: changed(
            g,
            "cloudfunctionsv2.Function",
            "agents.get_agent",
            serviceConfig__serviceAccountEmail="governance-requests@p.iam.gserviceaccount.com",
        ),
        "agents.get_agent does not run as pipeline-requests, the account of its group",
    ),
    "a function signs as another group": (
        lambda g: changed(
            g,
            "cloudfunctionsv2.Function",
            "agents.get_agent",
            serviceConfig__secretVolumes=[{"secret": "writer-key-governance"}],
        ),
        "agents.get_agent mounts ['writer-key-governance'] and not just the writer key of its group",
    ),
    "the relay may not publish": (
        lambda g: without(g, "pubsub.TopicIAMMember", "evidence-reactions-agent-events"),
        "evidence-reactions must be one that may publish on agent-events, for its functions need it",
    ),
    "nobody may keep an upload": (
        lambda g: without(g, "storage.BucketIAMMember", "governance-requests-creates-uploads"),
        (
            "governance-requests must be one that may use the bucket uploads"
            " (roles/storage.objectCreator), for its functions need it"
        ),
    ),
    "uploads may be replaced": (
        lambda g: changed(
            g,
            "storage.BucketIAMMember",
            "governance-requests-creates-uploads",
            role="roles/storage.objectAdmin",
        ),
        (
            "governance-requests may use the bucket uploads (roles/storage.objectAdmin),"
            " which none of its functions needs"
        ),
    ),
    "a request may change the tap": (
        lambda g: added(
            g,
            "storage.BucketIAMMember",
            "more",
            bucket="waooaw-dev-tap",
            role="roles/storage.objectAdmin",
            member="serviceAccount:evidence-requests@p.iam.gserviceaccount.com",
        ),
        (
            "evidence-requests may use the bucket tap (roles/storage.objectAdmin),"
            " which none of its functions needs"
        ),
    ),
    "dead letters are not kept": (
        lambda g: without(g, "pubsub.Subscription", "dead-letters--events.keep_dead_letter"),
        "nobody listens to the topic waooaw-dev-dead-letters",
    ),
    "a request may publish what it likes": (
        lambda g: added(
            g,
            "pubsub.TopicIAMMember",
            "more",
            topic="waooaw-dev-dues",
            role="roles/pubsub.publisher",
            member="serviceAccount:pipeline-requests@p.iam.gserviceaccount.com",
        ),
        "pipeline-requests may publish on dues, which none of its functions needs",
    ),
    "a reaction may not start a workflow": (
        lambda g: without(g, "projects.IAMMember", "pipeline-reactions-workflows.invoker"),
        (
            "pipeline-reactions must be one that has the role roles/workflows.invoker,"
            " for its functions need it"
        ),
    ),
    "a request may start a workflow": (
        lambda g: added(
            g,
            "projects.IAMMember",
            "more",
            role="roles/workflows.invoker",
            member="serviceAccount:pipeline-requests@p.iam.gserviceaccount.com",
        ),
        "pipeline-requests has the role roles/workflows.invoker, which none of its functions needs",
    ),
    "an account may read another group's key": (
        lambda g: added(
            g,
            "secretmanager.SecretIamMember",
            "more",
            secretId="writer-key-governance",
            role="roles/secretmanager.secretAccessor",
            member="serviceAccount:pipeline-requests@p.iam.gserviceaccount.com",
        ),
        (
            "pipeline-requests may read the secret writer-key-governance,"
            " which none of its functions needs"
        ),
    ),
    "a secret is missing": (
        lambda g: without(g, "secretmanager.Secret", "writer-key-evidence"),
        "events.publish_entry refers to the secret writer-key-evidence, which nobody declares",
    ),
    "a development bucket is locked for ever": (
        lambda g: changed(g, "storage.Bucket", "log", retentionPolicy__isLocked=True),
        (
            "the bucket log is locked in dev; a lock is for production alone,"
            " for it can never be taken off"
        ),
    ),
    "an erased upload stays for a week": (
        lambda g: changed(g, "storage.Bucket", "uploads", softDeletePolicy=None),
        "the bucket uploads keeps what was deleted; set softDeletePolicy to 0 seconds",
    ),
    "the tap keeps nothing": (
        lambda g: changed(g, "storage.Bucket", "tap", retentionPolicy=None),
        "the bucket tap keeps nothing: it has no retention policy",
    ),
    "the log has no key of ours": (
        lambda g: changed(g, "storage.Bucket", "log", encryption=None),
        "the bucket log is not encrypted with a key of ours",
    ),
    "a name is too long": (
        lambda g: changed(g, "serviceaccount.Account", "gateway", accountId="a" * 31),
        (
            f"{'a' * 31} is no name of a serviceaccount.Account:"
            " it must match [a-z]([a-z0-9-]{4,28}[a-z0-9])"
        ),
    ),
    "nobody listens": (
        lambda g: without(g, "pubsub.Subscription", "tap--kept"),
        "nobody listens to the topic waooaw-dev-tap",
    ),
    "a reaction is not subscribed": (
        lambda g: without(g, "pubsub.Subscription", "dues--approvals.check_veto"),
        "approvals.check_veto is subscribed to nothing",
    ),
    "a reaction is told something else": (
        lambda g: changed(
            g, "pubsub.Subscription", "dues--approvals.check_veto", filter='attributes.type="x"'
        ),
        "approvals.check_veto is told other events than it takes",
    ),
    "dead letters are lost": (
        lambda g: changed(
            g, "pubsub.Subscription", "dues--approvals.check_veto", deadLetterPolicy=None
        ),
        "what approvals.check_veto cannot take is lost: its subscription has no dead letters",
    ),
    "a push comes from anybody": (
        lambda g: changed(
            g, "pubsub.Subscription", "dues--approvals.check_veto", pushConfig__oidcToken=None
        ),
        "approvals.check_veto is called without the broker's identity",
    ),
    "a message is sent again too early": (
        lambda g: changed(
            g, "pubsub.Subscription", "dues--approvals.check_veto", ackDeadlineSeconds=10
        ),
        "approvals.check_veto is called again while it may still be running",
    ),
    "a schedule is forgotten": (
        lambda g: without(g, "cloudscheduler.Job", "events.sweep_entries"),
        "nothing runs events-sweep-entries by the clock",
    ),
    "a schedule goes by another clock": (
        lambda g: changed(
            g, "cloudscheduler.Job", "events.sweep_entries", timeZone="Europe/Berlin"
        ),
        "events-sweep-entries runs at */1 * * * * in Europe/Berlin and not at */1 * * * * in Etc/UTC",
    ),
    "an account reads every secret": (
        lambda g: added(
            g,
            "projects.IAMMember",
            "reads",
            role="projects/p/roles/reads_secrets",
            member="serviceAccount:events@p.iam.gserviceaccount.com",
        ),
        "reads gives projects/p/roles/reads_secrets for everything; it is for tenants' secrets alone",
    ),
    "an account signs as another": (
        lambda g: added(
            g,
            "serviceaccount.IAMMember",
            "signs",
            serviceAccountId="projects/p/serviceAccounts/pubsub@p.iam.gserviceaccount.com",
            role="projects/p/roles/signs_links",
            member="serviceAccount:events@p.iam.gserviceaccount.com",
        ),
        (
            "signs lets serviceAccount:events@p.iam.gserviceaccount.com sign as pubsub;"
            " an account signs as itself alone"
        ),
    ),
    "a schedule runs nothing": (
        lambda g: added(g, "cloudscheduler.Job", "old", name="events-tidy", schedule="* * * * *"),
        "the schedule events-tidy runs no function",
    ),
    "two resources have one name": (
        lambda g: [*g, next(one for one in g if one.name == "dead-letters")],
        "2 resources are called urn:pulumi:dev::waooaw::gcp:pubsub/topic:Topic::dead-letters",
    ),
    "a function grows without end": (
        lambda g: changed(
            g, "cloudfunctionsv2.Function", "agents.get_agent", serviceConfig__maxInstanceCount=0
        ),
        "agents.get_agent has no bound on its instances",
    ),
    "a function is kept warm for nobody": (
        lambda g: changed(
            g, "cloudfunctionsv2.Function", "agents.get_agent", serviceConfig__minInstanceCount=1
        ),
        "agents.get_agent is kept warm in dev, where nobody waits for it",
    ),
}


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_what_is_broken_is_said(dev, breakage):
    broken, sentence = BREAKAGES[breakage]
    assert sentence in findings(broken(dev), "dev")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"retentionPolicy__isLocked": False},
            (
                "the bucket log is not locked in prod; a lock is for production alone,"
                " for it can never be taken off"
            ),
        ),
        ({"forceDestroy": True}, "the bucket log can be destroyed with all it holds"),
    ],
)
def test_production_keeps_what_it_must(prod, change, sentence):
    assert sentence in findings(changed(prod, "storage.Bucket", "log", **change), "prod")


def test_production_cannot_be_deleted(prod):
    open_ = changed(prod, "firestore.Database", "records", deleteProtectionState="")
    assert "the database records is not protected from deletion" in findings(open_, "prod")


@pytest.mark.parametrize("role", sorted(BECOMES))
def test_nobody_but_the_pipeline_acts_as_another(dev, role):
    member = "serviceAccount:platform@p.iam.gserviceaccount.com"
    told = findings(added(dev, "projects.IAMMember", "becomes", role=role, member=member), "dev")
    wrong = f"becomes gives {role} to {member}, who could act as any account; only the pipeline may"
    assert wrong in told
