"""
Policy as code: what must hold of every resource before any of it is deployed.

Each check reads the resources as the program asks for them and says, in sentences, what is wrong.
"""

import base64
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from infra.accounts import BOUND, IN_UPLOADS, INVOKERS, ROLES_OF_PORT, SIGNS
from infra.engine import MAX_SOURCE_BYTES, calls
from infra.functions import timeout_s
from infra.graph import Resource
from infra.groups import group_of, runtime_of, runtimes
from infra.messages import DEAD_LETTERS, cron, filter_of, listens_to, zone_of
from infra.stack import Environment
from infra.vault import read_by, writer_key
from shared.edge.catalog import catalog, operations, reactions
from shared.edge.workflow_source import names
from shared.operation import Operation

Graph = Sequence[Resource]
Check = Callable[[Graph, Environment], Iterator[str]]

LIMITS = {
    # A function's name is also that of its Cloud Run service, which is the shorter one.
    "cloudfunctionsv2.Function": ("name", r"[a-z]([a-z0-9-]{0,47}[a-z0-9])?"),
    "serviceaccount.Account": ("accountId", r"[a-z]([a-z0-9-]{4,28}[a-z0-9])"),
    "pubsub.Topic": ("name", r"[A-Za-z][A-Za-z0-9._~+%-]{2,254}"),
    "pubsub.Subscription": ("name", r"[A-Za-z][A-Za-z0-9._~+%-]{2,254}"),
    "storage.Bucket": ("name", r"[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]"),
    "cloudscheduler.Job": ("name", r"[A-Za-z0-9_-]{1,500}"),
    "secretmanager.Secret": ("secretId", r"[A-Za-z0-9_-]{1,255}"),
    "apigateway.ApiConfig": ("apiConfigId", r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?"),
    "workflows.Workflow": ("name", r"[A-Za-z]([A-Za-z0-9_-]{0,62}[A-Za-z0-9])?"),
}
"""What a name may be, by the type of what it names."""

KEPT = {"log", "tap"}
EVERYBODY = {"allUsers", "allAuthenticatedUsers"}
PRIMITIVE = {"roles/owner", "roles/editor", "roles/viewer"}
INVOKER = {"roles/run.invoker", "roles/cloudfunctions.invoker"}
BECOMES = {
    "roles/workflows.admin",
    "roles/workflows.editor",
    "roles/iam.serviceAccountUser",
    "roles/iam.serviceAccountTokenCreator",
    "roles/iam.serviceAccountOpenIdTokenCreator",
}
"""Whoever deploys workflows, or acts as an account, may do whatever that account may."""


def findings(graph: Graph, environment: Environment) -> list[str]:
    """Return everything that is wrong, in sentences; nothing is deployed before there is none."""
    return [sentence for check in CHECKS for sentence in check(graph, environment)]


def one_function_for_each_of_the_catalog(graph: Graph, _: Environment) -> Iterator[str]:
    """Every function of the catalog is deployed under its own name, and nothing else is."""
    deployed = {one.inputs["name"] for one in _of(graph, "cloudfunctionsv2.Function")}
    wanted = {one.function_name for one in catalog()}
    yield from (
        f"{name} is in the catalog and is not deployed" for name in sorted(wanted - deployed)
    )
    yield from (f"{name} is deployed and not in the catalog" for name in sorted(deployed - wanted))


def nothing_is_public(graph: Graph, _: Environment) -> Iterator[str]:
    """Nobody is let in whom nobody knows."""
    for one, role, members in _granted(graph):
        for member in sorted(EVERYBODY & members):
            yield f"{one.name} gives {role} to {member}; nothing is public but the gateway and the site"
    for one in _of(graph, "storage.Bucket"):
        if one.inputs.get("publicAccessPrevention") != "enforced":
            yield f"the bucket {one.name} may be made public; enforce the prevention of public access"
        if not one.inputs.get("uniformBucketLevelAccess"):
            yield f"the bucket {one.name} has access by object; switch on uniform access"


def no_primitive_role(graph: Graph, _: Environment) -> Iterator[str]:
    """No account may do everything."""
    for one, role, _members in _granted(graph):
        if role in PRIMITIVE:
            yield f"{one.name} gives {role}, which is far more than anything needs"


def no_key_of_an_account(graph: Graph, _: Environment) -> Iterator[str]:
    """No account has a key that could be lost."""
    for one in _of(graph, "serviceaccount.Key"):
        yield f"{one.name} is a key of an account; identities need none"


def only_four_invoke(graph: Graph, _: Environment) -> Iterator[str]:
    """Only the gateway, workflows, the scheduler and the broker invoke, each what it must."""
    for one, role, members in _granted(graph):
        if role in INVOKER:
            if one.type != "cloudrunv2.ServiceIamMember":
                yield f"{one.name} lets somebody invoke every function; name the function"
            for member in sorted(members):
                if _account(member) not in INVOKERS:
                    yield f"{one.name} lets {member} invoke; only {', '.join(INVOKERS)} may"
    may = _invocations(graph)
    for declared in catalog():
        if isinstance(declared, Operation):
            needed, allowed = {"gateway"}, {"gateway", "workflows"}
        else:
            needed = allowed = {"scheduler" if declared.scheduled else "pubsub"}
        has = may.get(declared.function_name, set())
        for who in sorted(needed - has):
            yield f"{declared.id} cannot be reached: {who} may not invoke it"
        for who in sorted(has & INVOKERS.keys() - allowed):
            yield f"{who} may invoke {declared.id} and never does"


def only_the_pipeline_acts_as_another(graph: Graph, _: Environment) -> Iterator[str]:
    """Only the pipeline deploys workflows, or acts as an account: it alone decides what runs as whom."""
    for one, role, members in _granted(graph):
        for member in sorted(members):
            if role in BECOMES and _account(member) != "deployer":
                yield f"{one.name} gives {role} to {member}, who could act as any account; only the pipeline may"
            whose = _account(str(one.inputs.get("serviceAccountId", "")).rpartition("/")[2])
            if _named(role) == SIGNS and _account(member) != whose:
                yield f"{one.name} lets {member} sign as {whose or 'anybody'}; an account signs as itself alone"


def workflows_call_what_they_name(graph: Graph, _: Environment) -> Iterator[str]:
    """The workflows' identity may invoke the functions that their text names, and no other."""
    called = set().union(*(calls(name) for name in names()))
    may = {name for name, who in _invocations(graph).items() if "workflows" in who}
    yield from _compared("workflows", "may invoke", called, may)
    for one in _of(graph, "workflows.Workflow"):
        if len(one.inputs["sourceContents"].encode()) > MAX_SOURCE_BYTES:
            yield f"the workflow {one.name} is longer than {MAX_SOURCE_BYTES // 1024} KiB"
    deployed = {one.inputs["name"] for one in _of(graph, "workflows.Workflow")}
    yield from (f"the workflow {name} is not deployed" for name in sorted(set(names()) - deployed))


def every_route_leads_to_its_operation(graph: Graph, _: Environment) -> Iterator[str]:
    """The gateway knows every operation, and lets in without a token only who may be anybody."""
    routes: dict[tuple[str, str], dict[str, Any]] = {}
    for one in _of(graph, "apigateway.ApiConfig"):
        document = one.inputs["openapiDocuments"][0]["document"]["contents"]
        for path, methods in json.loads(base64.b64decode(document))["paths"].items():
            routes |= {(method.upper(), path): route for method, route in methods.items()}
    wanted: dict[tuple[str, str], Operation] = {(op.method, op.path): op for op in operations()}
    for method, path in sorted(wanted.keys() - routes.keys()):
        yield f"the gateway has no route {method} {path}"
    for method, path in sorted(routes.keys() - wanted.keys()):
        if method != "OPTIONS":
            yield f"the gateway has a route {method} {path}, which is no operation"
    for place in sorted(wanted.keys() & routes.keys()):
        op, route = wanted[place], routes[place]
        if not route["x-google-backend"]["address"].endswith(f"/{op.function_name}"):
            yield f"the route {' '.join(place)} does not lead to {op.id}"
        if bool(route.get("security")) == op.public:
            how = "asks for a token" if op.public else "lets in whoever has no token"
            yield f"the route {' '.join(place)} {how}"


def accounts_are_those_of_the_groups(graph: Graph, _: Environment) -> Iterator[str]:
    """Each function runs as the account of its group, with its group's key and no other."""
    declared = {one.function_name: one for one in catalog()}
    for one in _of(graph, "cloudfunctionsv2.Function"):
        known = declared.get(one.inputs["name"])
        if known is None:
            continue
        config = one.inputs["serviceConfig"]
        account = runtime_of(known).account
        if config.get("serviceAccountEmail", "").partition("@")[0] != account:
            yield f"{known.id} does not run as {account}, the account of its group"
        mounted = {volume["secret"] for volume in config.get("secretVolumes", ())}
        if mounted != {writer_key(group_of(known))}:
            yield f"{known.id} mounts {sorted(mounted)} and not just the writer key of its group"


def accounts_may_what_they_do(graph: Graph, _: Environment) -> Iterator[str]:
    """An account may do exactly what its functions do."""
    for runtime in runtimes():
        needed = {"roles/datastore.user"}
        needed |= {role for port in runtime.ports for role in ROLES_OF_PORT[port]}
        has = {
            _named(role)
            for one, role, members in _granted(graph)
            if one.type == "projects.IAMMember" and runtime.account in set(map(_account, members))
        }
        yield from _compared(runtime.account, "has the role", needed, has)
        topics = {
            one.inputs["topic"].partition("-")[2].partition("-")[2]
            for one, _, members in _granted(graph)
            if one.type == "pubsub.TopicIAMMember"
            and runtime.account in set(map(_account, members))
        }
        yield from _compared(runtime.account, "may publish on", runtime.topics, topics)
        secrets = {
            one.inputs["secretId"]
            for one, _, members in _granted(graph)
            if one.type == "secretmanager.SecretIamMember"
            and runtime.account in set(map(_account, members))
        }
        yield from _compared(runtime.account, "may read the secret", read_by(runtime), secrets)
        uses = {
            f"{one.inputs['bucket'].rpartition('-')[2]} ({_named(role)})"
            for one, role, members in _granted(graph)
            if one.type == "storage.BucketIAMMember"
            and runtime.account in set(map(_account, members))
        }
        uploads = {f"uploads ({r})" for p, (_, r) in IN_UPLOADS.items() if p in runtime.ports}
        yield from _compared(runtime.account, "may use the bucket", uploads, uses)


def what_is_bound_is_bound(graph: Graph, _: Environment) -> Iterator[str]:
    """A role that is for some things alone is given for these alone."""
    for one in _of(graph, "projects.IAMMember"):
        bound = BOUND.get(_named(one.inputs["role"]))
        if bound and (one.inputs.get("condition") or {}).get("expression") != bound[1]:
            yield f"{one.name} gives {one.inputs['role']} for everything; it is for {bound[0]}"


def every_secret_exists(graph: Graph, _: Environment) -> Iterator[str]:
    """What refers to a secret refers to one that is declared."""
    declared = {one.inputs["secretId"] for one in _of(graph, "secretmanager.Secret")}
    referred = {
        (one.name, volume["secret"])
        for one in _of(graph, "cloudfunctionsv2.Function")
        for volume in one.inputs["serviceConfig"].get("secretVolumes", ())
    }
    referred |= {
        (one.name, one.inputs["secretId"]) for one in _of(graph, "secretmanager.SecretIamMember")
    }
    for name, secret in sorted(referred):
        if secret not in declared:
            yield f"{name} refers to the secret {secret}, which nobody declares"


def what_is_deleted_is_gone(graph: Graph, _: Environment) -> Iterator[str]:
    """No bucket keeps what was deleted in it: Google keeps it for a week where nobody says otherwise."""
    for one in _of(graph, "storage.Bucket"):
        if (one.inputs.get("softDeletePolicy") or {}).get("retentionDurationSeconds") != 0:
            yield f"the bucket {one.name} keeps what was deleted; set softDeletePolicy to 0 seconds"


def what_must_be_kept_is_kept(graph: Graph, environment: Environment) -> Iterator[str]:
    """The log and the tap are locked in production, where nothing is deleted, and nowhere else."""
    for one in _of(graph, "storage.Bucket"):
        retention = one.inputs.get("retentionPolicy") or {}
        locked = bool(retention.get("isLocked"))
        if one.name in KEPT and locked != (environment == "prod"):
            yield (
                f"the bucket {one.name} is {'locked' if locked else 'not locked'} in {environment};"
                " a lock is for production alone, for it can never be taken off"
            )
        if one.name in KEPT and not retention:
            yield f"the bucket {one.name} keeps nothing: it has no retention policy"
        if one.name in KEPT and not (one.inputs.get("encryption") or {}).get("defaultKmsKeyName"):
            yield f"the bucket {one.name} is not encrypted with a key of ours"
        if one.inputs.get("forceDestroy") and environment == "prod":
            yield f"the bucket {one.name} can be destroyed with all it holds"
    for one in _of(graph, "firestore.Database"):
        protected = one.inputs.get("deleteProtectionState") == "DELETE_PROTECTION_ENABLED"
        if environment == "prod" and not protected:
            yield f"the database {one.name} is not protected from deletion"


def names_are_within_limits(graph: Graph, _: Environment) -> Iterator[str]:
    """Every name is one that Google Cloud takes, and is given once."""
    for type, (member, pattern) in LIMITS.items():
        names = [str(one.inputs[member]) for one in _of(graph, type)]
        for name in names:
            if not re.fullmatch(pattern, name):
                yield f"{name} is no name of a {type}: it must match {pattern}"
        for name, times in Counter(names).items():
            if times > 1:
                yield f"{times} of type {type} are named {name}"


def every_resource_has_its_own_name(graph: Graph, _: Environment) -> Iterator[str]:
    """No two resources have one urn, which the engine refuses."""
    for urn, times in Counter(one.urn for one in graph if one.urn).items():
        if times > 1:
            yield f"{times} resources are called {urn}"


def every_topic_has_its_subscriber(graph: Graph, _: Environment) -> Iterator[str]:
    """What is announced is heard, and what listens is told exactly what it takes."""
    topics = {one.inputs["name"] for one in _of(graph, "pubsub.Topic")}
    heard = Counter(one.inputs["topic"] for one in _of(graph, "pubsub.Subscription"))
    yield from (f"nobody listens to the topic {name}" for name in sorted(topics - heard.keys()))
    yield from (f"there is no topic {name} to listen to" for name in sorted(heard.keys() - topics))
    subscriptions = {one.name: one for one in _of(graph, "pubsub.Subscription")}
    for reaction in reactions():
        topic = listens_to(reaction)
        if topic is None:
            continue
        found = subscriptions.get(f"{topic}--{reaction.id}")
        if found is None:
            yield f"{reaction.id} is subscribed to nothing"
            continue
        if (found.inputs.get("filter") or "") != filter_of(reaction):
            yield f"{reaction.id} is told other events than it takes"
        if found.inputs.get("ackDeadlineSeconds", 0) < timeout_s(reaction):
            yield f"{reaction.id} is called again while it may still be running"
        if not found.inputs.get("enableMessageOrdering"):
            yield f"{reaction.id} is told events of one entity out of order"
        dead = (found.inputs.get("deadLetterPolicy") or {}).get("deadLetterTopic")
        if topic != DEAD_LETTERS and not dead:
            yield f"what {reaction.id} cannot take is lost: its subscription has no dead letters"
        token = (found.inputs.get("pushConfig") or {}).get("oidcToken") or {}
        if _account(token.get("serviceAccountEmail", "")) != "pubsub":
            yield f"{reaction.id} is called without the broker's identity"


def every_schedule_has_its_function(graph: Graph, _: Environment) -> Iterator[str]:
    """What runs by the clock runs as often as it says, by the clock that it says."""
    jobs = {one.inputs["name"]: one for one in _of(graph, "cloudscheduler.Job")}
    wanted = {one.function_name: one for one in reactions() if one.scheduled}
    yield from (f"nothing runs {name} by the clock" for name in sorted(wanted.keys() - jobs.keys()))
    yield from (f"the schedule {n} runs no function" for n in sorted(jobs.keys() - wanted.keys()))
    for name in wanted.keys() & jobs.keys():
        said = (jobs[name].inputs["schedule"], jobs[name].inputs["timeZone"])
        right = (cron(wanted[name]), zone_of(wanted[name]))
        if said != right:
            yield f"{name} runs at {' in '.join(said)} and not at {' in '.join(right)}"
        token = jobs[name].inputs["httpTarget"].get("oidcToken") or {}
        if _account(token.get("serviceAccountEmail", "")) != "scheduler":
            yield f"{name} is called without the scheduler's identity"


def functions_are_bounded(graph: Graph, environment: Environment) -> Iterator[str]:
    """No function grows without end, and none is kept warm where nobody waits."""
    for one in _of(graph, "cloudfunctionsv2.Function"):
        config = one.inputs["serviceConfig"]
        if not 0 < config.get("maxInstanceCount", 0) <= 100:
            yield f"{one.name} has no bound on its instances"
        if config.get("minInstanceCount") and environment != "prod":
            yield f"{one.name} is kept warm in {environment}, where nobody waits for it"
        if not config.get("allTrafficOnLatestRevision"):
            yield f"{one.name} may go on serving an old revision"


CHECKS: tuple[Check, ...] = (
    one_function_for_each_of_the_catalog,
    nothing_is_public,
    no_primitive_role,
    no_key_of_an_account,
    only_four_invoke,
    only_the_pipeline_acts_as_another,
    workflows_call_what_they_name,
    every_route_leads_to_its_operation,
    accounts_are_those_of_the_groups,
    accounts_may_what_they_do,
    what_is_bound_is_bound,
    every_secret_exists,
    what_is_deleted_is_gone,
    what_must_be_kept_is_kept,
    names_are_within_limits,
    every_resource_has_its_own_name,
    every_topic_has_its_subscriber,
    every_schedule_has_its_function,
    functions_are_bounded,
)


def _of(graph: Graph, type: str) -> list[Resource]:
    return [one for one in graph if one.type == type]


def _granted(graph: Graph) -> Iterator[tuple[Resource, str, set[str]]]:
    """Yield every grant with its role and whom it is given to."""
    for one in graph:
        if "role" in one.inputs and ("member" in one.inputs or "members" in one.inputs):
            members: Any = one.inputs.get("members") or [one.inputs["member"]]
            yield one, str(one.inputs["role"]), set(members)


def _invocations(graph: Graph) -> dict[str, set[str]]:
    may: dict[str, set[str]] = {}
    for one, role, members in _granted(graph):
        if role in INVOKER and one.type == "cloudrunv2.ServiceIamMember":
            may.setdefault(one.inputs["name"], set()).update(map(_account, members))
    return may


def _named(role: str) -> str:
    """Return a role as `ROLES_OF_PORT` names it: one of our own by its id alone."""
    return role if role.startswith("roles/") else role.rpartition("/")[2]


def _account(member: str) -> str:
    return member.rpartition(":")[2].partition("@")[0]


def _compared(
    account: str, verb: str, needed: set[str] | frozenset[str], has: set[str]
) -> Iterator[str]:
    for missing in sorted(needed - has):
        yield f"{account} must be one that {verb} {missing}, for its functions need it"
    for more in sorted(has - needed):
        yield f"{account} {verb} {more}, which none of its functions needs"
