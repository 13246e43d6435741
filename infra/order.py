"""
What waits for what: nothing is made before what it needs to be made, and to work from its first moment.

Each rule is about a kind of resource and yields those that wait with what each must wait for; its sentence says why. That a
resource waits at all is read off the graph as the engine is told it (`Resource.after`).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from infra.apis import asked_at_all, asked_by
from infra.functions import CANARY
from infra.graph import Resource
from infra.groups import runtimes
from infra.reading import Graph, account_of, described, function_at, granted, of, said
from infra.stack import STATE_KEY, Environment
from shared.edge.workflow_source import called
from shared.operation import deployed

Pairs = Iterator[tuple[Resource, Resource | str]]
"""What waits and what it must wait for; a sentence where there is no such thing."""

Rule = Callable[[Graph], Pairs]

IDENTITIES: Mapping[str, tuple[str, str]] = {
    "api": ("apigateway.Api", "apiId"),
    "bucket": ("storage.Bucket", "name"),
    "cryptoKeyId": ("kms.CryptoKey", "name"),
    "database": ("firestore.Database", "name"),
    "deadLetterTopic": ("pubsub.Topic", "name"),
    "defaultKmsKeyName": ("kms.CryptoKey", "name"),
    "destination": ("storage.Bucket", "name"),
    "keyRing": ("kms.KeyRing", "name"),
    "role": ("projects.IAMCustomRole", "roleId"),
    "secret": ("secretmanager.Secret", "secretId"),
    "secretId": ("secretmanager.Secret", "secretId"),
    "subscription": ("pubsub.Subscription", "name"),
    "topic": ("pubsub.Topic", "name"),
    "workloadIdentityPoolId": ("iam.WorkloadIdentityPool", "workloadIdentityPoolId"),
}
"""How a resource is named by others: the member that names it, its type, and the member that gives it the name."""

FIRST: Mapping[str, tuple[str, ...]] = {
    "apigateway.Gateway": ("apigateway.ApiConfig",),
    "billing.Budget": ("monitoring.NotificationChannel",),
    "firebase.HostingSite": ("firebase.Project", "firebase.WebApp"),
    "firebase.WebApp": ("firebase.Project",),
    "firebaserules.Release": ("firebaserules.Ruleset",),
    "firebaserules.Ruleset": ("firestore.Database",),
    "identityplatform.Config": ("firebase.Project",),
    "identityplatform.DefaultSupportedIdpConfig": ("identityplatform.Config",),
    "monitoring.AlertPolicy": ("monitoring.NotificationChannel",),
}
"""What a type waits for where there is one of a kind and no name says so."""

AGENTS: Mapping[str, str] = {"storage.Bucket": "gs-project-accounts"}
"""The agent of Google's that uses a key for a resource, by the resource's type."""

ENCRYPTS = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
"""What it takes to use a key; whoever may only look at it is refused."""

ACT = ("cloudrunv2.Service", "workflows.Workflow", "eventarc.Trigger", "apigateway.ApiConfig")
"""What acts as an account for as long as it is there."""

DOMAIN = ".googleapis.com"
INVOKERS = ("cloudrunv2.ServiceIamBinding", "cloudrunv2.ServiceIamMember")

ELSEWHERE = rf"role=roles/|cryptoKeyId=.*/{STATE_KEY}$|destination=(?!storage)"
"""What is named and is of Google's, or was made by hand."""

_EMAIL = re.compile(r"\b([a-z0-9-]+)@([a-z0-9-]+)\.iam\.gserviceaccount\.com\b")
_ACCOUNT = re.compile(r"\b([a-z0-9-]+)@[a-z0-9-]+\.iam\.gserviceaccount\.com\b")
_AGENT = re.compile(r"service-\d+@gcp-sa-([a-z0-9-]+)\.iam\.gserviceaccount\.com")
_METRIC = re.compile(r"logging\.googleapis\.com/user/(\w+)")


def waits_for_what_it_needs(graph: Graph, _: Environment) -> Iterator[str]:
    """Nothing is made before what it needs."""
    before = _before(graph)
    for rule in RULES:
        why = (rule.__doc__ or "").strip()
        for one, needed in rule(graph):
            if isinstance(needed, str):
                yield f"{_called(one)} {needed}. {why}"
            elif needed.urn not in before[one.urn]:
                yield f"{_called(one)} does not wait for {_called(needed)}. {why}"


def every_service_is_asked(graph: Graph, _: Environment) -> Iterator[str]:
    """No service of Google Cloud is switched on that nothing asks, and none is asked that is not switched on."""
    ports = {port for one in runtimes() for port in one.ports}
    asked, on = asked_at_all(graph, ports), _services(graph).keys()
    yield from (f"{name} is asked and is not switched on" for name in sorted(asked - on))
    yield from (f"{name} is switched on and nothing asks it" for name in sorted(on - asked))


# --- what waits ------------------------------------------------------------------------------------------------------


def for_the_service(graph: Graph) -> Pairs:
    """A service of Google Cloud answers nothing before it is switched on."""
    services = _services(graph)
    for one in graph:
        asked = asked_by(one)
        if asked is None:
            yield one, "is of a type of which nobody says what it asks (infra/apis.py)"
        for name in asked or ():
            yield one, services.get(name, f"asks {name}, which is not switched on")


def for_what_it_names(graph: Graph) -> Pairs:
    """Whoever names something can name it only once it is there."""
    places: dict[str, dict[str, Resource]] = {}
    for one in graph:
        for type, member in IDENTITIES.values():
            if one.type == type:
                places.setdefault(type, {})[str(one.inputs[member])] = one
    for one in graph:
        for member, value in said(one.inputs):
            type, _ = IDENTITIES.get(member, ("", ""))
            if type and type != one.type and not re.match(ELSEWHERE, f"{member}={value}"):
                known = places.get(type, {})
                nowhere = f"names {value}, a {type} that is nowhere"
                yield one, known.get(value, known.get(_last(value), nowhere))


def for_its_account(graph: Graph) -> Pairs:
    """An account can be named only once it is there."""
    accounts = {one.inputs["accountId"]: one for one in of(graph, "serviceaccount.Account")}
    ours = {one.inputs.get("project") for one in of(graph, "projects.IAMMember")}
    for one in graph:
        for _, value in said(one.inputs):
            for account, project in _EMAIL.findall(value):
                if project in ours:
                    yield one, accounts.get(account, f"names the account {account}, who is nobody")


def for_its_like(graph: Graph) -> Pairs:
    """Without the first the second is refused."""
    for one in graph:
        for type in FIRST.get(one.type, ()):
            found = of(graph, type)
            yield from ((one, first) for first in found)
            if not found:
                yield one, f"is there without a {type}"


def for_its_key(graph: Graph) -> Pairs:
    """Google's agent may use a key of ours only once it is allowed to."""
    grants = [one for one in graph if one.type.startswith("kms.CryptoKeyIAM")]
    for one in graph:
        for member, key in said(one.inputs):
            if member.endswith("KmsKeyName"):
                agent = AGENTS.get(one.type)
                found = [
                    grant
                    for grant in grants
                    if grant.inputs["cryptoKeyId"] == key
                    and grant.inputs["role"] == ENCRYPTS
                    and agent
                    and agent in _members(grant)
                ]
                yield from ((one, grant) for grant in found)
                if not found:
                    yield one, f"is encrypted with {key}, which no agent of its service may use"


def for_its_agent(graph: Graph) -> Pairs:
    """An agent of Google's that nothing has asked for yet may not be there to be given anything."""
    identities = of(graph, "projects.ServiceIdentity")
    agents = {str(one.inputs["service"]).removesuffix(DOMAIN): one for one in identities}
    for sink in of(graph, "logging.ProjectSink"):
        # It comes with the agent that writes for it.
        agents["logging"] = sink
    for one in graph:
        for name in _AGENT.findall(_members(one)):
            yield one, agents.get(name, f"gives something to the agent of {name}, who is nobody")


def for_its_rights(graph: Graph) -> Pairs:
    """What acts as an account fails until the account may do what it must."""
    given: dict[str, list[Resource]] = {}
    for grant in graph:
        if "role" in grant.inputs and grant.type not in INVOKERS:
            for account in _ACCOUNT.findall(_members(grant)):
                given.setdefault(account, []).append(grant)
    for one in graph:
        if one.type in ACT:
            for member, value in said(one.inputs):
                if member in {"serviceAccount", "googleServiceAccount"}:
                    for account in _ACCOUNT.findall(value):
                        yield from ((one, grant) for grant in given.get(account, ()))


def for_its_image(graph: Graph) -> Pairs:
    """An image is pushed into a repository, and run from there."""
    images = {one.inputs["repositoryId"]: one for one in of(graph, "artifactregistry.Repository")}
    for one in of(graph, "cloudrunv2.Service"):
        for container in one.inputs["template"]["containers"]:
            repository = _last(container["image"].partition("@")[0].rpartition("/")[0])
            yield one, images.get(repository, f"runs an image of {repository}, which is nowhere")


def for_the_indexes(graph: Graph) -> Pairs:
    """A query that asks an index fails until the index is built."""
    indexes = of(graph, "firestore.Index")
    indexes += [one for one in of(graph, "firestore.Field") if one.inputs["indexConfig"]["indexes"]]
    for one in of(graph, "cloudrunv2.Service"):
        yield from ((one, index) for index in indexes)


def for_the_canary(graph: Graph) -> Pairs:
    """An image that does not start shows it in one function, and the others stay as they are."""
    services = _functions(graph)
    for name, one in services.items():
        if name != deployed(CANARY):
            yield one, services.get(deployed(CANARY), f"has no canary: {CANARY} is not deployed")


def for_what_it_calls(graph: Graph) -> Pairs:
    """Whoever calls a function needs it there, and needs leave to call it: what is refused is tried for a few minutes only."""
    functions, leave = _functions(graph), _leave(graph)
    for one, account, names in calls(graph):
        for name in sorted(names):
            yield one, functions.get(name, f"calls {name}, which is not deployed")
            grants = leave.get((account, name))
            yield one, grants or f"calls {name} as {account}, who may not"


def for_the_rights_of_its_agent(graph: Graph) -> Pairs:
    """An agent of Google's does something for a resource only where it may: the broker keeps and gives up, Eventarc delivers."""
    for one in graph:
        for agent, role, member, place in _done_by_agents(one):
            grants = [
                grant
                for grant, given, members in granted(graph)
                if given == role
                and grant.inputs.get(member) == place
                and f"@gcp-sa-{agent}." in " ".join(members)
            ]
            yield from ((one, grant) for grant in grants)
            if not grants:
                yield (
                    one,
                    f"has the agent of {agent} do what takes {role} on {place}, which it has not",
                )


def for_its_metric(graph: Graph) -> Pairs:
    """Monitoring refuses an alert on a metric that it does not know, as it does for minutes: the last of all is late enough."""
    metrics = {one.inputs["name"]: one for one in of(graph, "logging.Metric")}
    doors = of(graph, "apigateway.Gateway")
    for one in of(graph, "monitoring.AlertPolicy"):
        for name in sorted(set(_METRIC.findall(str(one.inputs)))):
            yield from ((one, door) for door in doors)
            yield one, metrics.get(name, f"watches {name}, which nothing counts")


def for_the_managed_service(graph: Graph) -> Pairs:
    """The service by which the gateway counts comes with its first configuration, and keys are for it once it is on."""
    managed = {
        str(one.inputs["service"]): one
        for one in of(graph, "projects.Service")
        if not str(one.inputs["service"]).endswith(DOMAIN)
    }
    for one in managed.values():
        yield from ((one, config) for config in of(graph, "apigateway.ApiConfig"))
    for key in of(graph, "projects.ApiKey"):
        targets = (key.inputs.get("restrictions") or {}).get("apiTargets") or ()
        if not targets:
            yield key, "is for every service that takes a key"
        for target in targets:
            name = target["service"]
            yield key, managed.get(name, f"is for {name}, which is not switched on")


RULES: tuple[Rule, ...] = (
    for_the_service,
    for_what_it_names,
    for_its_account,
    for_its_like,
    for_its_key,
    for_its_agent,
    for_its_rights,
    for_its_image,
    for_the_indexes,
    for_the_canary,
    for_what_it_calls,
    for_the_rights_of_its_agent,
    for_its_metric,
    for_the_managed_service,
)


def _done_by_agents(one: Resource) -> Iterator[tuple[str, str, str, str]]:
    """Yield what agents of Google's do for a resource: who, by which role, and on what."""
    if kept := (one.inputs.get("cloudStorageConfig") or {}).get("bucket"):
        yield "pubsub", "roles/storage.objectCreator", "bucket", kept
        yield "pubsub", "roles/storage.legacyBucketReader", "bucket", kept
    if dead := (one.inputs.get("deadLetterPolicy") or {}).get("deadLetterTopic"):
        yield "pubsub", "roles/pubsub.publisher", "topic", _last(dead)
    if one.type == "eventarc.Trigger":
        project = _EMAIL.findall(one.inputs["serviceAccount"])[0][1]
        yield "eventarc", "roles/eventarc.serviceAgent", "project", project


# --- reading the graph -----------------------------------------------------------------------------------------------


def _before(graph: Graph) -> dict[str, frozenset[str]]:
    """Return what is before each resource, directly or through others."""
    after = {one.urn: one.after for one in graph}
    found: dict[str, frozenset[str]] = {}

    def before(urn: str) -> frozenset[str]:
        if urn not in found:
            direct = after.get(urn, frozenset())
            found[urn] = direct.union(*map(before, direct))
        return found[urn]

    for urn in after:
        before(urn)
    return found


def calls(graph: Graph) -> Iterator[tuple[Resource, str, set[str]]]:
    """Yield what calls functions, as whom, and which."""
    for one in graph:
        match one.type:
            case "pubsub.Subscription" if push := one.inputs.get("pushConfig"):
                yield one, _token(push), {function_at(push["pushEndpoint"])}
            case "cloudscheduler.Job" if target := one.inputs.get("httpTarget"):
                yield one, _token(target), {function_at(target["uri"])}
            case "eventarc.Trigger":
                service = one.inputs["destination"]["cloudRunService"]["service"]
                yield one, account_of(one.inputs["serviceAccount"]), {service}
            case "workflows.Workflow":
                source = one.inputs["sourceContents"]
                yield one, account_of(_last(one.inputs["serviceAccount"])), set(called(source))
            case "apigateway.ApiConfig":
                backend = one.inputs["gatewayConfig"]["backendConfig"]
                account = account_of(backend["googleServiceAccount"])
                yield one, account, set(map(function_at, _backends(one)))


def _backends(config: Resource) -> Iterator[str]:
    """Yield the addresses that a gateway's configuration routes to."""
    for methods in described(config)["paths"].values():
        yield from (route["x-google-backend"]["address"] for route in methods.values())


def _leave(graph: Graph) -> dict[tuple[str, str], Resource]:
    """Return what lets an account call a function, by both."""
    return {
        (account, one.inputs["name"]): one
        for one in graph
        if one.type in INVOKERS
        for account in _ACCOUNT.findall(_members(one))
    }


def _functions(graph: Graph) -> dict[str, Resource]:
    return {one.inputs["name"]: one for one in of(graph, "cloudrunv2.Service")}


def _services(graph: Graph) -> dict[str, Resource]:
    """Return the services of Google Cloud that are switched on, by name."""
    named = {str(one.inputs["service"]): one for one in of(graph, "projects.Service")}
    return {n.removesuffix(DOMAIN): one for n, one in named.items() if n.endswith(DOMAIN)}


def _members(grant: Resource) -> str:
    """Return whom a grant is given to, in one text."""
    return " ".join(grant.inputs.get("members") or [grant.inputs.get("member") or ""])


def _token(target: Mapping[str, Any]) -> str:
    return account_of((target.get("oidcToken") or {}).get("serviceAccountEmail", ""))


def _last(text: str) -> str:
    return text.rpartition("/")[2]


def _called(one: Resource) -> str:
    return f"{one.type} {one.name}"
