"""Policy as code: what is broken on purpose is found, and said in a sentence."""

import pytest

from infra.checks import BECOMES, findings
from infra.functions import MEMORY
from infra.graph import IMAGE
from tests.infra.broken import added, changed, routed, without

INVOKER = "cloudrunv2.ServiceIamBinding"
SERVICE = "cloudrunv2.Service"


def invoked(graph, id, *accounts):
    members = [f"serviceAccount:{account}@p.iam.gserviceaccount.com" for account in accounts]
    return changed(graph, INVOKER, id, members=members)


def told(graph, id, **more):
    """Return the graph with other variables told to one function."""
    found = next(one for one in graph if one.type == SERVICE and one.name == id)
    envs = found.inputs["template"]["containers"][0]["envs"]
    wanted = [one | {"value": more.get(one["name"], one["value"])} for one in envs]
    return changed(graph, SERVICE, id, template__containers__0__envs=wanted)


def rerouted(graph, change):
    return routed(graph, lambda said: change(said["paths"]))


def without_token(paths):
    del paths["/v1/me"]["get"]["security"]


def elsewhere(paths):
    there = paths["/v1/me"]["get"]["x-google-backend"]["address"]
    paths["/v1/agents"]["get"]["x-google-backend"]["address"] = there


def keyless(paths):
    paths["/v1/me"]["get"]["security"].append({"person": []})


def renamed(paths):
    paths["/v1/agent"] = paths.pop("/v1/agents")


BREAKAGES = {
    "a function is forgotten": (
        lambda g: without(g, SERVICE, "agents.get_agent"),
        "agents-get-agent is in the catalog and is not deployed",
    ),
    "another function is deployed": (
        lambda g: changed(g, SERVICE, "agents.get_agent", name="agents-see"),
        "agents-see is deployed and not in the catalog",
    ),
    "anybody may invoke": (
        lambda g: changed(g, INVOKER, "agents.get_agent", members=["allUsers"]),
        (
            "agents.get_agent gives roles/run.invoker to allUsers;"
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
        lambda g: invoked(g, "agents.get_agent", "builder"),
        (
            "agents.get_agent lets serviceAccount:builder@p.iam.gserviceaccount.com invoke; only"
            " gateway, workflows, scheduler, pubsub, genesis, systems-architect, vision-guardian may"
        ),
    ),
    "somebody is let in beside the binding": (
        lambda g: added(
            g,
            "cloudrunv2.ServiceIamMember",
            "beside",
            name="agents-get-agent",
            role="roles/run.invoker",
            member="serviceAccount:workflows@p.iam.gserviceaccount.com",
        ),
        "beside lets somebody in beside the function's binding, which shuts them out again",
    ),
    "a foundational agent may ask what its role may not": (
        lambda g: invoked(g, "precedents.activate_precedent_seed", "gateway", "genesis"),
        "genesis may invoke precedents.activate_precedent_seed and never does",
    ),
    "a foundational agent cannot ask what its role may": (
        lambda g: invoked(g, "precedents.activate_precedent_seed", "gateway"),
        ("precedents.activate_precedent_seed cannot be reached: vision-guardian may not invoke it"),
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
        lambda g: without(g, INVOKER, "agents.get_agent"),
        "agents.get_agent cannot be reached: gateway may not invoke it",
    ),
    "the broker may invoke an operation": (
        lambda g: invoked(g, "agents.get_agent", "gateway", "pubsub"),
        "pubsub may invoke agents.get_agent and never does",
    ),
    "a workflow cannot call what it calls": (
        lambda g: invoked(g, "agents.assign_version", "gateway"),
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
    "a route needs no key": (
        lambda g: rerouted(g, keyless),
        "the route GET /v1/me has another way in than a person's token and an app's key",
    ),
    "a function runs another image": (
        lambda g: changed(
            g, SERVICE, "agents.get_agent", template__containers__0__image="x@sha256:1"
        ),
        f"2 images are deployed: {IMAGE}, x@sha256:1; a release is one",
    ),
    "a function is told to be another": (
        lambda g: told(g, "agents.get_agent", FUNCTION="agents.list_agents"),
        "agents.get_agent is told to be agents.list_agents",
    ),
    "a reaction takes requests": (
        lambda g: told(g, "mobile.follow_agent", FUNCTION_SIGNATURE_TYPE="http"),
        "mobile.follow_agent is not told that it takes cloudevent",
    ),
    "a function is told other addresses": (
        lambda g: told(g, "agents.get_agent", FUNCTION_ADDRESS="https://FUNCTION.example"),
        "functions and workflows are told different addresses of functions",
    ),
    "an address is too long for a host name": (
        lambda g: told(
            g,
            "agents.get_agent",
            FUNCTION_ADDRESS=f"https://FUNCTION-{'1' * 50}.asia-south1.run.app",
        ),
        (
            f"agents-get-agent has no address: agents-get-agent-{'1' * 50}"
            " is longer than 63 characters"
        ),
    ),
    "a function has more memory than goes with its CPU": (
        lambda g: changed(
            g,
            SERVICE,
            "agents.get_agent",
            template__containers__0__resources__limits={"cpu": "0.4", "memory": "1024Mi"},
        ),
        "agents.get_agent has 1024 MiB, which is more than goes with 0.4 CPU",
    ),
    "a reaction is pushed to elsewhere": (
        lambda g: changed(
            g,
            "pubsub.Subscription",
            "dues--approvals.check_veto",
            pushConfig__pushEndpoint="https://example.com",
        ),
        (
            "approvals.check_veto is called at https://example.com,"
            " or with a token for another address than its own"
        ),
    ),
    "a reaction is woken with another's token": (
        lambda g: changed(
            g,
            "cloudscheduler.Job",
            "events.sweep_entries",
            httpTarget__oidcToken__audience="https://example.com",
        ),
        (
            "events.sweep_entries is called at"
            " https://events-sweep-entries-100000000001.asia-south1.run.app,"
            " or with a token for another address than its own"
        ),
    ),
    "nothing triggers what is stored": (
        lambda g: without(g, "eventarc.Trigger", "events.publish_entry"),
        "nothing triggers events.publish_entry",
    ),
    "a trigger says it in JSON": (
        lambda g: changed(g, "eventarc.Trigger", "events.publish_entry", eventDataContentType=None),
        (
            "events.publish_entry is triggered as Firestore does not say it;"
            " say application/protobuf"
        ),
    ),
    "a trigger runs another function": (
        lambda g: changed(
            g,
            "eventarc.Trigger",
            "events.publish_entry",
            destination__cloudRunService__service="events-sweep-entries",
        ),
        "the trigger of events.publish_entry runs another function",
    ),
    "a reaction is open": (
        lambda g: changed(g, SERVICE, "mobile.follow_agent", ingress="INGRESS_TRAFFIC_ALL"),
        "mobile.follow_agent is open to the outside, and only what is inside calls it",
    ),
    "a function has time without end": (
        lambda g: changed(g, SERVICE, "agents.get_agent", template__timeout="3600s"),
        "agents.get_agent may run longer than it may",
    ),
    "a small function takes many requests": (
        lambda g: changed(
            g, SERVICE, "agents.get_agent", template__maxInstanceRequestConcurrency=80
        ),
        (
            "agents.get_agent has less than one CPU: it takes one request at a time,"
            " in the first generation, with CPU while it serves alone"
        ),
    ),
    "a small function is of the second generation": (
        lambda g: changed(
            g,
            SERVICE,
            "agents.get_agent",
            template__executionEnvironment="EXECUTION_ENVIRONMENT_GEN2",
        ),
        f"agents.get_agent has {MEMORY.removesuffix('Mi')} MiB, and the second generation takes at least 512",
    ),
    "a route leads elsewhere": (
        lambda g: rerouted(g, elsewhere),
        "the route GET /v1/agents does not lead to agents.list_agents",
    ),
    "a function runs as another group": (
        lambda g: changed(
            g,
            SERVICE,
            "agents.get_agent",
            template__serviceAccount="governance-requests@p.iam.gserviceaccount.com",
        ),
        "agents.get_agent does not run as pipeline-requests, the account of its group",
    ),
    "a function signs as another group": (
        lambda g: changed(
            g,
            SERVICE,
            "agents.get_agent",
            template__volumes__0__secret={"secret": "writer-key-governance"},
        ),
        "agents.get_agent mounts ['writer-key-governance'] and not just the writer key of its group",
    ),
    "the relay may not publish": (
        lambda g: without(g, "pubsub.TopicIAMMember", "evidence-reactions-agent-events"),
        (
            "evidence-reactions must be one that may publish on agent-events (roles/pubsub.publisher),"
            " for its functions need it"
        ),
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
        "pipeline-requests may publish on dues (roles/pubsub.publisher), which none of its functions needs",
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
            "pipeline-requests may read the secret writer-key-governance"
            " (roles/secretmanager.secretAccessor), which none of its functions needs"
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
        "pubsub.Subscription dues--approvals.check_veto calls as nobody and not as pubsub",
    ),
    "a message is sent again too early": (
        lambda g: changed(
            g, "pubsub.Subscription", "dues--approvals.check_veto", ackDeadlineSeconds=10
        ),
        (
            "approvals-check-veto is given up by pubsub.Subscription dues--approvals.check_veto"
            " while it may still be running"
        ),
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
            project="p",
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
        lambda g: changed(g, SERVICE, "agents.get_agent", template__scaling__maxInstanceCount=0),
        "agents.get_agent has no bound on its instances, or another than 3",
    ),
    "a function is kept warm for nobody": (
        lambda g: changed(g, SERVICE, "agents.get_agent", template__scaling__minInstanceCount=1),
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
        ({"forceDestroy": True}, "storage.Bucket log has forceDestroy True and not False"),
    ],
)
def test_production_keeps_what_it_must(prod, change, sentence):
    assert sentence in findings(changed(prod, "storage.Bucket", "log", **change), "prod")


@pytest.mark.parametrize("role", sorted(BECOMES))
def test_nobody_but_the_pipeline_acts_as_another(dev, role):
    member = "serviceAccount:platform@p.iam.gserviceaccount.com"
    told = findings(added(dev, "projects.IAMMember", "becomes", role=role, member=member), "dev")
    wrong = f"becomes gives {role} to {member}, who could act as any account; only the pipeline may"
    assert wrong in told
