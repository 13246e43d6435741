"""What must hold of functions, of who may invoke them, and of the routes that lead to them."""

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from infra.accounts import INVOKERS
from infra.engine import MAX_SOURCE_BYTES
from infra.functions import timeout_s
from infra.graph import configuration
from infra.groups import group_of, runtime_of
from infra.invokers import calls, invokers
from infra.reading import (
    Check,
    Graph,
    account_of,
    compared,
    container,
    granted,
    mounted,
    of,
    told,
)
from infra.stack import Environment
from infra.vault import writer_key
from shared.edge.auth import SERVICE_ROLES
from shared.edge.catalog import catalog, operations
from shared.edge.settings import Settings
from shared.edge.workflow_source import names
from shared.operation import Operation, deployed

SERVICE = "cloudrunv2.Service"
MAY_INVOKE = "cloudrunv2.ServiceIamBinding"
CALLERS = (*INVOKERS, *SERVICE_ROLES)
INVOKER = {"roles/run.invoker", "roles/cloudfunctions.invoker"}
MIN_CPU, MIN_MIB = 0.08, 128
"""The least that Cloud Run gives (docs.cloud.google.com/run/docs/configuring/cpu)."""

KEYS = "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com"
"""Where Google publishes what people's tokens are signed with."""

WAYS = ("anonymous", "email", "phoneNumber")
"""The ways of signing in that nobody vouches for."""

MAX_LABEL = 63
"""How long a part of a host name may be: of a function's, its own name and the project's number."""


def one_function_for_each_of_the_catalog(graph: Graph, _: Environment) -> Iterator[str]:
    """Every function of the catalog is deployed under its own name, and nothing else is."""
    has = {one.inputs["name"] for one in of(graph, SERVICE)}
    wanted = {one.function_name for one in catalog()}
    yield from (f"{name} is in the catalog and is not deployed" for name in sorted(wanted - has))
    yield from (f"{name} is deployed and not in the catalog" for name in sorted(has - wanted))


def all_run_one_image(graph: Graph, _: Environment) -> Iterator[str]:
    """Every function runs the same image, as itself, as what takes requests or events."""
    images = {container(one)["image"] for one in of(graph, SERVICE)}
    if len(images) > 1:
        yield f"{len(images)} images are deployed: {', '.join(sorted(images))}; a release is one"
    declared = {one.function_name: one for one in catalog()}
    for one in of(graph, SERVICE):
        known, has = declared.get(one.inputs["name"]), told(one)
        if known and has.get("FUNCTION") != known.id:
            yield f"{known.id} is told to be {has.get('FUNCTION')}"
        kind = "http" if isinstance(known, Operation) else "cloudevent"
        if known and has.get("FUNCTION_SIGNATURE_TYPE") != kind:
            yield f"{known.id} is not told that it takes {kind}"


def only_who_must_invokes(graph: Graph, _: Environment) -> Iterator[str]:
    """Only the gateway, workflows, the scheduler, the broker and foundational agents invoke, each what it must."""
    for one, role, members in granted(graph):
        if role not in INVOKER:
            continue
        if one.type == "cloudrunv2.ServiceIamMember":
            yield f"{one.name} lets somebody in beside the function's binding, which shuts them out again"
        elif one.type != MAY_INVOKE:
            yield f"{one.name} lets somebody invoke every function; name the function"
        for member in sorted(members):
            if account_of(member) not in CALLERS:
                yield f"{one.name} lets {member} invoke; only {', '.join(CALLERS)} may"
    may = _invocations(graph)
    for declared in catalog():
        needed, has = invokers(declared), may.get(declared.function_name, set())
        for who in sorted(needed - has):
            yield f"{declared.id} cannot be reached: {who} may not invoke it"
        for who in sorted(has & set(CALLERS) - needed):
            yield f"{who} may invoke {declared.id} and never does"


def workflows_call_what_they_name(graph: Graph, _: Environment) -> Iterator[str]:
    """The workflows' identity may invoke the functions that their text names, and no other."""
    called = set().union(*(calls(name) for name in names()))
    may = {name for name, who in _invocations(graph).items() if "workflows" in who}
    yield from compared("workflows", "may invoke", called, may)
    for one in of(graph, "workflows.Workflow"):
        if len(one.inputs["sourceContents"].encode()) > MAX_SOURCE_BYTES:
            yield f"the workflow {one.name} is longer than {MAX_SOURCE_BYTES // 1024} KiB"
    has = {one.inputs["name"] for one in of(graph, "workflows.Workflow")}
    yield from (f"the workflow {name} is not deployed" for name in sorted(set(names()) - has))


def functions_are_where_all_call_them(graph: Graph, _: Environment) -> Iterator[str]:
    """Functions, workflows, the broker and the scheduler know one address of a function, which Cloud Run makes."""
    tell = {told(one).get("FUNCTION_ADDRESS") for one in of(graph, SERVICE)}
    tell |= {
        (one.inputs.get("userEnvVars") or {}).get("FUNCTION_ADDRESS")
        for one in of(graph, "workflows.Workflow")
    }
    if len(tell) != 1:
        yield "functions and workflows are told different addresses of functions"
    where = _addresses(graph)
    for name, address in sorted(where.items()):
        label = (urlsplit(address).hostname or "").partition(".")[0]
        if len(label) > MAX_LABEL:
            yield f"{name} has no address: {label} is longer than {MAX_LABEL} characters"
    called = [
        (one.name.partition("--")[2], push["pushEndpoint"], push.get("oidcToken"))
        for one in of(graph, "pubsub.Subscription")
        if (push := one.inputs.get("pushConfig"))
    ]
    called += [
        (one.name, target["uri"], target.get("oidcToken"))
        for one in of(graph, "cloudscheduler.Job")
        if (target := one.inputs.get("httpTarget"))
    ]
    for id, at, token in called:
        if {at, (token or {}).get("audience")} != {where.get(deployed(id))}:
            yield f"{id} is called at {at}, or with a token for another address than its own"


def every_route_leads_to_its_operation(graph: Graph, _: Environment) -> Iterator[str]:
    """The gateway knows every operation, and lets in without a token and a key only who may be anybody."""
    routes: dict[tuple[str, str], dict[str, Any]] = {}
    for one in of(graph, "apigateway.ApiConfig"):
        document = one.inputs["openapiDocuments"][0]["document"]["contents"]
        for path, methods in json.loads(base64.b64decode(document))["paths"].items():
            routes |= {(method.upper(), path): route for method, route in methods.items()}
    where = _addresses(graph)
    wanted: dict[tuple[str, str], Operation] = {(op.method, op.path): op for op in operations()}
    for method, path in sorted(wanted.keys() - routes.keys()):
        yield f"the gateway has no route {method} {path}"
    for method, path in sorted(routes.keys() - wanted.keys()):
        if method != "OPTIONS":
            yield f"the gateway has a route {method} {path}, which is no operation"
    for place in sorted(wanted.keys() & routes.keys()):
        op, route = wanted[place], routes[place]
        backend = route["x-google-backend"]
        if {backend["address"], backend["jwt_audience"]} != {where.get(op.function_name)}:
            yield f"the route {' '.join(place)} does not lead to {op.id}"
        security = route.get("security") or []
        if bool(security) == op.public:
            how = "asks for a token" if op.public else "lets in whoever has no token"
            yield f"the route {' '.join(place)} {how}"
        elif not op.public and security != [{"person": [], "app": []}]:
            yield f"the route {' '.join(place)} has another way in than a person's token and an app's key"


def the_gateway_knows_the_people_of_the_project(graph: Graph, _: Environment) -> Iterator[str]:
    """The gateway lets in whom functions let in: people of this project, by tokens that Google signed for it."""
    projects = {told(one).get("PROJECT", "") for one in of(graph, SERVICE)}
    ours = {str(one.inputs["project"]) for one in of(graph, "projects.IAMMember")}
    if projects != ours or len(ours) != 1:
        yield f"functions are told that they are in {sorted(projects)}, and are in {sorted(ours)}"
    project = min(ours, default="")
    right = {
        "person": {
            "x-google-audiences": project,
            "x-google-issuer": f"https://securetoken.google.com/{project}",
            "x-google-jwks_uri": KEYS,
        },
        "app": {"type": "apiKey", "name": "x-api-key", "in": "header"},
    }
    for one in of(graph, "apigateway.ApiConfig"):
        document = one.inputs["openapiDocuments"][0]["document"]["contents"]
        knows = json.loads(base64.b64decode(document)).get("securityDefinitions") or {}
        for way in sorted(right.keys() | knows.keys()):
            for member, value in right.get(way, {"type": None}).items():
                if (has := (knows.get(way) or {}).get(member)) != value:
                    yield f"the gateway knows a {way} by {member} {has} and not {value}"


def only_who_is_vouched_for_signs_in(graph: Graph, _: Environment) -> Iterator[str]:
    """Nobody signs in without an invitation and somebody who vouches for them, and from where nobody may call."""
    origins = {o for one in of(graph, SERVICE) for o in told(one).get("ORIGINS", "").split(",")}
    for one in of(graph, "identityplatform.Config"):
        ways = one.inputs.get("signIn") or {}
        for way in WAYS:
            if (ways.get(way) or {}).get("enabled") is not False:
                yield f"whoever signs in by {way} is vouched for by nobody; switch it off"
        if not ((one.inputs.get("client") or {}).get("permissions") or {}).get(
            "disabledUserSignup"
        ):
            yield "anybody may sign up; who is let in is invited"
        second = one.inputs.get("mfa") or {}
        states = [second.get("state"), *(p["state"] for p in second.get("providerConfigs") or ())]
        if states != ["ENABLED", "ENABLED"]:
            yield f"nobody can have a second factor: it is {states}"
        site = {urlsplit(origin).hostname for origin in origins}
        firebase = {f"{told(f).get('PROJECT')}.firebaseapp.com" for f in of(graph, SERVICE)[:1]}
        for domain in sorted(map(str, set(one.inputs["authorizedDomains"]) ^ (site | firebase))):
            yield f"{domain} is where one may sign in and not call, or the other way round"


def accounts_are_those_of_the_groups(graph: Graph, _: Environment) -> Iterator[str]:
    """Each function runs as the account of its group, with its group's key and no other."""
    declared = {one.function_name: one for one in catalog()}
    for one in of(graph, SERVICE):
        known = declared.get(one.inputs["name"])
        if known is None:
            continue
        account = runtime_of(known).account
        if account_of(one.inputs["template"].get("serviceAccount", "")) != account:
            yield f"{known.id} does not run as {account}, the account of its group"
        if mounted(one) != {writer_key(group_of(known))}:
            yield f"{known.id} mounts {sorted(mounted(one))} and not just the writer key of its group"


def functions_are_bounded(graph: Graph, environment: Environment) -> Iterator[str]:
    """No function grows or runs without end, is kept warm where nobody waits, or is open to whom it is not for."""
    declared = {one.function_name: one for one in catalog()}
    bound = int(configuration(environment, "", {})["waooaw:maxInstances"])
    for one in of(graph, SERVICE):
        template = one.inputs["template"]
        scaling = template.get("scaling") or {}
        warm = scaling.get("minInstanceCount", 0)
        if scaling.get("maxInstanceCount") != max(bound, warm):
            yield f"{one.name} has no bound on its instances, or another than {max(bound, warm)}"
        if warm and environment != "prod":
            yield f"{one.name} is kept warm in {environment}, where nobody waits for it"
        traffic = one.inputs.get("traffics") or ()
        parts = [(part.get("type"), part.get("percent")) for part in traffic]
        if parts != [("TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", 100)]:
            yield f"{one.name} may go on serving an old revision"
        known = declared.get(one.inputs["name"])
        if known and template.get("timeout") != f"{timeout_s(known)}s":
            yield f"{one.name} may run longer than it may"
        if (
            known
            and not isinstance(known, Operation)
            and one.inputs.get("ingress") != "INGRESS_TRAFFIC_INTERNAL_ONLY"
        ):
            yield f"{one.name} is open to the outside, and only what is inside calls it"


def functions_are_given_what_cloud_run_has(graph: Graph, _: Environment) -> Iterator[str]:
    """What CPU, memory, concurrency and generation a function is given go together."""
    for one in of(graph, SERVICE):
        template, given = one.inputs["template"], container(one)["resources"]
        cpu, mib = float(given["limits"]["cpu"]), int(given["limits"]["memory"].removesuffix("Mi"))
        first = template.get("executionEnvironment") == "EXECUTION_ENVIRONMENT_GEN1"
        if cpu < MIN_CPU or mib < MIN_MIB:
            yield f"{one.name} has {cpu:g} CPU and {mib} MiB; Cloud Run has no less than {MIN_CPU} and {MIN_MIB}"
        if cpu < 1 and not (
            first and template.get("maxInstanceRequestConcurrency") == 1 and given.get("cpuIdle")
        ):
            yield (
                f"{one.name} has less than one CPU: it takes one request at a time, in the first generation,"
                " with CPU while it serves alone"
            )
        if not first and mib < 512:
            yield f"{one.name} has {mib} MiB, and the second generation takes at least 512"
        if mib > (512 if cpu < 0.5 else 1024 if cpu < 1 else 4096):
            yield f"{one.name} has {mib} MiB, which is more than goes with {cpu} CPU"


CHECKS: tuple[Check, ...] = (
    one_function_for_each_of_the_catalog,
    all_run_one_image,
    only_who_must_invokes,
    workflows_call_what_they_name,
    functions_are_where_all_call_them,
    every_route_leads_to_its_operation,
    the_gateway_knows_the_people_of_the_project,
    only_who_is_vouched_for_signs_in,
    accounts_are_those_of_the_groups,
    functions_are_bounded,
    functions_are_given_what_cloud_run_has,
)


def _invocations(graph: Graph) -> dict[str, set[str]]:
    may: dict[str, set[str]] = {}
    for one in of(graph, MAY_INVOKE):
        if one.inputs["role"] in INVOKER:
            may.setdefault(one.inputs["name"], set()).update(map(account_of, one.inputs["members"]))
    return may


def _addresses(graph: Graph) -> dict[str, str]:
    """Return where each function is, by its name, as it is told itself."""
    return {
        one.inputs["name"]: Settings(told(one)).address(one.inputs["name"])
        for one in of(graph, SERVICE)
    }
