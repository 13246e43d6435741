"""
What everybody needs to be allowed, and what the roles allow that they are given.

What a resource takes is as the reference of its API says; what a role allows is in ``infra/roles.json``, of which only those
permissions are kept that something here asks for. A role of Google's is read by ``gcloud iam roles describe ROLE``.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from infra.accounts import CUSTOM, IN_UPLOADS, ROLES_OF_PORT, SIGNS
from infra.groups import Runtime, runtimes
from infra.reading import Graph, granted, of
from infra.stack import Environment
from shared.edge.auth import SERVICE_ROLES
from shared.files import FileReader, FileRemover, Files
from shared.observability import Dependencies, Telemetry
from shared.outside import Models, Push, Workflows
from shared.ports import SecretReader, SecretWriter

DEPLOYER = "deployer"
ACTS = "roles/iam.workloadIdentityUser"
LIFE = "create get update delete"
GRANTS = "getIamPolicy setIamPolicy"

OF_TYPES: Mapping[str, tuple[str, ...]] = {
    "apigateway.Api": (f"apigateway.apis: {LIFE}", "apigateway.operations: get"),
    "apigateway.ApiConfig": (f"apigateway.apiconfigs: {LIFE}", "iam.serviceAccounts: actAs"),
    "apigateway.Gateway": (f"apigateway.gateways: {LIFE}", "apigateway.locations: get"),
    "artifactregistry.Repository": (f"artifactregistry.repositories: {LIFE}",),
    "artifactregistry.RepositoryIamMember": (f"artifactregistry.repositories: {GRANTS}",),
    "billing.Budget": (f"billing.budgets: {LIFE}",),
    "cloudrunv2.Service": (
        f"run.services: {LIFE}",
        "run.operations: get",
        "iam.serviceAccounts: actAs",
        # Whoever deploys an image must be able to read it.
        "artifactregistry.repositories: downloadArtifacts",
    ),
    "cloudrunv2.ServiceIamBinding": (f"run.services: {GRANTS}",),
    "cloudrunv2.ServiceIamMember": (f"run.services: {GRANTS}",),
    "cloudscheduler.Job": (f"cloudscheduler.jobs: {LIFE}", "iam.serviceAccounts: actAs"),
    "eventarc.Trigger": (
        f"eventarc.triggers: {LIFE}",
        "eventarc.operations: get",
        "iam.serviceAccounts: actAs",
    ),
    "firebase.HostingSite": (f"firebasehosting.sites: {LIFE}",),
    "firebase.Project": (
        "firebase.projects: get update",
        "resourcemanager.projects: get",
        "serviceusage.services: enable get",
    ),
    "firebase.WebApp": (f"firebase.clients: {LIFE}",),
    "firebaserules.Release": (f"firebaserules.releases: {LIFE}",),
    "firebaserules.Ruleset": ("firebaserules.rulesets: create get delete",),
    "firestore.BackupSchedule": (f"datastore.backupSchedules: {LIFE}",),
    "firestore.Database": (
        "datastore.databases: create getMetadata update delete",
        "datastore.operations: get",
    ),
    "firestore.Field": ("datastore.schemas: get update", "datastore.operations: get"),
    "firestore.Index": ("datastore.schemas: create get delete", "datastore.operations: get"),
    "iam.WorkloadIdentityPool": (f"iam.googleapis.com/workloadIdentityPools: {LIFE}",),
    "iam.WorkloadIdentityPoolProvider": (
        f"iam.googleapis.com/workloadIdentityPoolProviders: {LIFE}",
    ),
    "identityplatform.Config": ("firebaseauth.configs: create get update",),
    "identityplatform.DefaultSupportedIdpConfig": (
        "firebaseauth.configs: create get getSecret update",
    ),
    "kms.CryptoKey": (
        "cloudkms.cryptoKeys: create get update",
        # A key cannot be deleted; its versions are destroyed.
        "cloudkms.cryptoKeyVersions: list destroy",
    ),
    "kms.CryptoKeyIAMMember": (f"cloudkms.cryptoKeys: {GRANTS}",),
    "kms.KeyRing": ("cloudkms.keyRings: create get",),
    "logging.Metric": (f"logging.logMetrics: {LIFE}",),
    "logging.ProjectBucketConfig": ("logging.buckets: get update",),
    "logging.ProjectSink": (f"logging.sinks: {LIFE}",),
    "monitoring.AlertPolicy": (f"monitoring.alertPolicies: {LIFE}",),
    "monitoring.Dashboard": (f"monitoring.dashboards: {LIFE}",),
    "monitoring.NotificationChannel": (f"monitoring.notificationChannels: {LIFE}",),
    "projects.ApiKey": (f"apikeys.keys: {LIFE} getKeyString",),
    "projects.IAMCustomRole": (f"iam.roles: {LIFE}",),
    "projects.IAMMember": (f"resourcemanager.projects: {GRANTS}",),
    # To switch on the gateway's own service is also to be bound to it.
    "projects.Service": (
        "serviceusage.services: enable get list",
        "servicemanagement.services: bind",
    ),
    "projects.ServiceIdentity": ("serviceusage.services: enable get",),
    # Who makes a subscription attaches it to its topic, has it push as an account, and reaches the topic of its dead letters.
    "pubsub.Subscription": (
        f"pubsub.subscriptions: {LIFE}",
        "pubsub.topics: attachSubscription",
        "iam.serviceAccounts: actAs",
    ),
    "pubsub.SubscriptionIAMMember": (f"pubsub.subscriptions: {GRANTS}",),
    "pubsub.Topic": (f"pubsub.topics: {LIFE}",),
    "pubsub.TopicIAMMember": (f"pubsub.topics: {GRANTS}",),
    "secretmanager.Secret": (f"secretmanager.secrets: {LIFE}",),
    "secretmanager.SecretIamMember": (f"secretmanager.secrets: {GRANTS}",),
    "secretmanager.getSecretVersionAccess": ("secretmanager.versions: access",),
    "serviceaccount.Account": (f"iam.serviceAccounts: {LIFE}",),
    "serviceaccount.IAMMember": (f"iam.serviceAccounts: {GRANTS}",),
    # Who destroys a bucket with what is in it lists and deletes that first.
    "storage.Bucket": (
        f"storage.buckets: {LIFE} {GRANTS}",
        "storage.objects: list delete",
    ),
    "storage.BucketIAMMember": (f"storage.buckets: {GRANTS}",),
    "storage.getProjectServiceAccount": ("resourcemanager.projects: get",),
    "workflows.Workflow": (
        f"workflows.workflows: {LIFE}",
        "workflows.operations: get",
        "iam.serviceAccounts: actAs",
    ),
}
"""What it takes to make, read, change and delete a resource, by its type; to look something up, likewise."""

OF_DEPLOYMENT: Mapping[str, tuple[str, ...]] = {
    "asks in the project's name": ("serviceusage.services: use",),
    "keeps the state of the stack": ("storage.objects: create get list update delete",),
    "opens the secrets of the stack": ("cloudkms.cryptoKeyVersions: useToDecrypt useToEncrypt",),
    "keeps archives": ("storage.objects: create get",),
    "has images built": ("cloudbuild.builds: create get list", "iam.serviceAccounts: actAs"),
    "finds, names and copies images": (
        "artifactregistry.dockerimages: get list",
        "artifactregistry.repositories: downloadArtifacts uploadArtifacts",
        "artifactregistry.tags: create get list update",
    ),
    "makes the first writer keys": (
        "secretmanager.versions: add list",
        "datastore.entities: create get update",
    ),
    "watches what it deployed": ("monitoring.timeSeries: list",),
}
"""What else whoever deploys does."""

OF_FUNCTIONS = ("datastore.databases: get", "datastore.entities: create delete get list update")
"""What every function does: it reads and writes documents."""

OF_PORTS: Mapping[type, tuple[str, ...]] = {
    Dependencies: ("pubsub.topics: get", "workflows.executions: list"),
    FileReader: ("storage.objects: get", "iam.serviceAccounts: signBlob"),
    FileRemover: ("storage.objects: delete list",),
    Files: ("storage.objects: create",),
    Models: ("aiplatform.endpoints: predict",),
    Push: ("cloudmessaging.messages: create",),
    SecretReader: ("secretmanager.versions: access list",),
    SecretWriter: (
        "secretmanager.secrets: create delete",
        "secretmanager.versions: add destroy list",
    ),
    Telemetry: (
        "monitoring.timeSeries: create list",
        "serviceusage.services: use",
    ),
    Workflows: ("workflows.executions: create get", "workflows.callbacks: send"),
}
"""What a function does through a port; what is not here is done in the process, or where no leave of Google's is asked."""

OF_ACCOUNTS: Mapping[str, tuple[str, ...]] = {
    "builder": (
        "artifactregistry.repositories: uploadArtifacts",
        "artifactregistry.tags: create update",
        "logging.logEntries: create",
        "storage.objects: get",
    ),
    "gateway": ("run.routes: invoke",),
    "pubsub": ("run.routes: invoke", "eventarc.events: receiveEvent"),
    "scheduler": ("run.routes: invoke",),
    "workflows": ("run.routes: invoke", "logging.logEntries: create"),
    **dict.fromkeys(SERVICE_ROLES, ("run.routes: invoke",)),
}
"""What the accounts do that no function runs as."""

BY_HAND: Mapping[str, str] = {
    "roles/billing.costsManager": "the billing account, which is in no project (docs/runbooks/deploy.md)"
}
"""What the deployer is given by hand, and on what."""

OF_ALL = ("resourcemanager.projects: get",)
"""What nearly every role of Google's allows besides: it shows the project."""

SURPLUS: Mapping[str, tuple[str, ...]] = {
    # Who pushes an image also reads it: there is no role that only pushes.
    "roles/artifactregistry.writer": (
        "artifactregistry.dockerimages: get list",
        "artifactregistry.repositories: downloadArtifacts get",
        "artifactregistry.tags: get list",
    ),
    # Only where another stack takes the images is anybody let read them.
    "roles/artifactregistry.admin": ("artifactregistry.repositories: getIamPolicy setIamPolicy",),
    # Who makes a database may read and empty it: no other role makes one, its indexes and its keys' documents.
    "roles/datastore.owner": ("datastore.databases: get", "datastore.entities: delete list"),
    "roles/datastore.user": ("datastore.databases: getMetadata",),
    # Who administers a service may use it: these have no role that administers alone.
    "roles/eventarc.admin": ("eventarc.events: receiveEvent",),
    "roles/monitoring.admin": ("monitoring.timeSeries: create",),
    "roles/pubsub.admin": ("pubsub.topics: publish",),
    "roles/run.admin": ("run.routes: invoke",),
    "roles/secretmanager.admin": ("secretmanager.versions: destroy",),
    "roles/storage.admin": ("monitoring.timeSeries: create",),
    "roles/workflows.admin": (
        "workflows.callbacks: send",
        "workflows.executions: create get list",
    ),
    # Who reads one thing of a service sees what else is there: no role is for less.
    "roles/monitoring.viewer": (
        "monitoring.alertPolicies: get",
        "monitoring.dashboards: get",
        "monitoring.notificationChannels: get",
    ),
    "roles/pubsub.viewer": ("pubsub.subscriptions: get", "serviceusage.services: get list"),
    "roles/serviceusage.serviceUsageConsumer": ("serviceusage.services: get list",),
    "roles/storage.objectViewer": ("storage.objects: list",),
    "roles/workflows.invoker": ("workflows.executions: list",),
    "roles/workflows.viewer": (
        "workflows.executions: get",
        "workflows.operations: get",
        "workflows.workflows: get",
    ),
}
"""What the narrowest role of Google's allows besides what it is given for; whatever else a role allows must be used."""


def the_deployer_may_do_what_it_does(graph: Graph, _: Environment) -> Iterator[str]:
    """The pipeline may make everything that the program asks for, and no role of its is for nothing."""
    given = _given(graph, DEPLOYER)
    if not given:
        return
    if not any(
        role == ACTS and f"/{DEPLOYER}@" in str(one.inputs.get("serviceAccountId"))
        for one, role, _ in granted(graph)
    ):
        yield f"nobody acts as the {DEPLOYER}: {ACTS} on it is given to no repository"
    given |= BY_HAND.keys()
    for one in graph:
        if one.type not in OF_TYPES:
            yield f"{one.type} is a type of which nobody says what it takes (infra/permissions.py)"
    needed = {
        f"makes a {type}": each(OF_TYPES[type])
        for type in sorted({one.type for one in graph} & OF_TYPES.keys())
    } | {does: each(takes) for does, takes in OF_DEPLOYMENT.items()}
    yield from _compared(DEPLOYER, needed, given)


def accounts_may_do_their_work(graph: Graph, _: Environment) -> Iterator[str]:
    """Each account may do what is done as it, and no role of its is for nothing."""
    done = _done()
    for one in of(graph, "serviceaccount.Account"):
        account = one.inputs["accountId"]
        if account in done:
            yield from _compared(account, done[account], _given(graph, account))
        elif account != DEPLOYER:
            yield f"{account} is an account of which nobody says what it does (infra/permissions.py)"


def our_own_roles_are_as_narrow_as_their_use(graph: Graph, _: Environment) -> Iterator[str]:
    """A role of our own allows nothing that whatever it is for does not take."""
    for one in of(graph, "projects.IAMCustomRole"):
        uses = list(_uses(one.inputs["roleId"]))
        if not uses:
            yield f"the role {one.inputs['roleId']} is for nothing"
        for what, takes in uses:
            for more in sorted(set(one.inputs["permissions"]) - takes):
                yield f"the role {one.inputs['roleId']} allows {more}, which {what} never takes"


def _uses(id: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield what a role of our own is for, and what that takes."""
    if id == "keeps_firebase":
        lines = (OF_TYPES["firebase.Project"], OF_TYPES["firebase.WebApp"])
        yield "Firebase", each(line for of_type in lines for line in of_type)
    for port, takes in OF_PORTS.items():
        roles = {*ROLES_OF_PORT[port], IN_UPLOADS[port][1] if port in IN_UPLOADS else ""}
        if id in roles or (id == SIGNS and port is FileReader):
            yield port.__name__, each(takes)


def _done() -> dict[str, dict[str, frozenset[str]]]:
    """Return what is done as each account, and what that takes."""
    done = {name: {"does its work": each(takes)} for name, takes in OF_ACCOUNTS.items()}
    for runtime in runtimes():
        done[runtime.account] = dict(_of_runtime(runtime))
    return done


def _of_runtime(runtime: Runtime) -> Iterator[tuple[str, frozenset[str]]]:
    yield "reads and writes documents", each(OF_FUNCTIONS)
    yield "signs what it writes", each(("secretmanager.versions: access",))
    if runtime.topics:
        yield "publishes", each(("pubsub.topics: publish",))
    for port in sorted(runtime.ports & OF_PORTS.keys(), key=lambda kind: kind.__name__):
        yield f"has the port {port.__name__}", each(OF_PORTS[port])


def _compared(
    account: str, needed: Mapping[str, frozenset[str]], given: Iterable[str]
) -> Iterator[str]:
    allowed = {role: allows(role) for role in sorted(given)}
    for role, permissions in allowed.items():
        if permissions is None:
            yield f"{account} has {role}, of which nobody has written down what it allows (infra/roles.json)"
    known = {role: permissions or frozenset() for role, permissions in allowed.items()}
    may = frozenset().union(*known.values())
    for does, takes in needed.items():
        for permission in sorted(takes - may):
            yield f"{account} {does} and lacks {permission}"
    asked = frozenset().union(*needed.values())
    for role, permissions in known.items():
        if allowed[role] is not None and not permissions & asked:
            yield f"{account} has {role} and does nothing that it allows"
        else:
            besides = each((*OF_ALL, *SURPLUS.get(role, ())))
            for more in sorted(permissions - asked - besides):
                yield f"{account} has {role} and never does {more}, which it allows"


def allows(role: str) -> frozenset[str] | None:
    """Return what a role allows, as far as anything here asks for it; None where nobody has written it down."""
    own = CUSTOM.get(role.rpartition("/")[2]) if role.startswith("projects/") else None
    return frozenset(own[1]) if own else _known().get(role)


@cache
def _known() -> Mapping[str, frozenset[str]]:
    kept = json.loads((Path(__file__).parent / "roles.json").read_text())
    return {role: frozenset(each(lines)) for role, lines in kept["roles"].items()}


def each(lines: Iterable[str]) -> frozenset[str]:
    """Return the permissions of lines that name what they are on and what is done to it."""
    split = (line.partition(": ") for line in lines)
    return frozenset(f"{on}.{verb}" for on, _, verbs in split for verb in verbs.split())


def _given(graph: Graph, account: str) -> set[str]:
    """Return the roles that an account of this project is given, on whatever."""
    projects = {one.inputs["project"] for one, _, _ in granted(graph) if "project" in one.inputs}
    ours = {f"serviceAccount:{account}@{project}.iam.gserviceaccount.com" for project in projects}
    return {role for _, role, members in granted(graph) if ours & members}
