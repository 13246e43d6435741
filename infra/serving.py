"""What must hold of functions: what they are, what they are told, and who may invoke them."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from infra.accounts import INVOKERS
from infra.engine import MAX_SOURCE_BYTES
from infra.functions import WARM, timeout_s
from infra.graph import Resource, configuration
from infra.groups import group_of, runtime_of
from infra.invokers import calls, invokers
from infra.reading import (
    Check,
    Graph,
    account_of,
    addresses,
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
from shared.edge.catalog import catalog
from shared.edge.workflow_source import names
from shared.operation import Operation, deployed

SERVICE = "cloudrunv2.Service"
MAY_INVOKE = "cloudrunv2.ServiceIamBinding"
CALLERS = (*INVOKERS, *SERVICE_ROLES)
INVOKER = {"roles/run.invoker", "roles/cloudfunctions.invoker"}
INSIDE = {"workflows", "scheduler", "pubsub"}
"""Whose calls Cloud Run takes for calls from inside; the gateway's and agents' come from outside (docs.cloud.google.com/run/docs/securing/ingress)."""

EVERYWHERE: Mapping[str, str] = {"FUNCTION_TARGET": "serve", "STORE": "firestore", "BUS": "pubsub"}
"""What every function is told: which name of `main.py` serves, and where documents and messages are."""

MIN_CPU, MIN_MIB = 0.08, 128
"""The least that Cloud Run gives (docs.cloud.google.com/run/docs/configuring/cpu)."""

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
    where = addresses(graph)
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


def only_who_is_vouched_for_signs_in(graph: Graph, _: Environment) -> Iterator[str]:
    """Nobody signs in without an invitation and somebody who vouches for them, and from where nobody may call."""
    origins = {o for one in of(graph, SERVICE) for o in told(one).get("ORIGINS", "").split(",")}
    for one in of(graph, "identityplatform.Config"):
        ways = one.inputs.get("signIn") or {}
        for way in WAYS:
            if (ways.get(way) or {}).get("enabled") is not False:
                yield f"whoever signs in by {way} is vouched for by nobody; switch it off"
        if ways.get("allowDuplicateEmails"):
            yield "two people may have one address, by which they are told apart and given roles"
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
    """No function grows or runs without end, or is kept warm where nobody waits."""
    declared = {one.function_name: one for one in catalog()}
    settings = configuration(environment, "", {})
    bound, kept = (int(settings[f"waooaw:{of}Instances"]) for of in ("max", "warm"))
    for one in of(graph, SERVICE):
        template = one.inputs["template"]
        scaling = template.get("scaling") or {}
        warm = scaling.get("minInstanceCount", 0)
        if scaling.get("maxInstanceCount") != max(bound, warm):
            yield f"{one.name} has no bound on its instances, or another than {max(bound, warm)}"
        waited_for = one.inputs["name"] in map(deployed, WARM)
        if warm > (kept if waited_for else 0):
            yield f"{one.name} is kept warm in {environment}, where nobody waits for it"
        elif waited_for and warm < kept:
            yield f"{one.name} is not kept warm, and somebody waits for it with a decision in their hand"
        traffic = one.inputs.get("traffics") or ()
        parts = [(part.get("type"), part.get("percent")) for part in traffic]
        if parts != [("TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", 100)]:
            yield f"{one.name} may go on serving an old revision"
        known = declared.get(one.inputs["name"])
        if known and template.get("timeout") != f"{timeout_s(known)}s":
            yield f"{one.name} may run longer than it may"


def functions_are_open_to_who_calls_them(graph: Graph, _: Environment) -> Iterator[str]:
    """A function is open to the outside where whoever may invoke it comes from there, and closed where nobody does."""
    may = _invocations(graph)
    for one in of(graph, SERVICE):
        outside = may.get(one.inputs["name"], set()) - INSIDE
        ingress = one.inputs.get("ingress")
        if outside and ingress != "INGRESS_TRAFFIC_ALL":
            yield f"{one.name} is closed to the outside, from where {min(outside)} calls it"
        elif not outside and ingress != "INGRESS_TRAFFIC_INTERNAL_ONLY":
            yield f"{one.name} is open to the outside, and only what is inside calls it"


def functions_are_told_what_is_so(graph: Graph, environment: Environment) -> Iterator[str]:
    """What a function is told of itself is what it is, and it keeps and publishes where the stack does."""
    for one in of(graph, SERVICE):
        template, has = one.inputs["template"], told(one)
        right = {
            **EVERYWHERE,
            "ACCOUNT": template.get("serviceAccount"),
            "ENVIRONMENT": environment,
            "TIMEOUT_S": str(template.get("timeout")).removesuffix("s"),
            "WRITER_KEY": _key_file(one),
        }
        for name, value in right.items():
            if has.get(name) != value:
                yield f"{one.name} is told {name} {has.get(name)}, and it is {value}"


def functions_are_given_what_cloud_run_has(graph: Graph, _: Environment) -> Iterator[str]:
    """What CPU, memory, concurrency and generation a function is given go together."""
    for one in of(graph, SERVICE):
        template, given = one.inputs["template"], container(one)["resources"]
        cpu, mib = float(given["limits"]["cpu"]), int(given["limits"]["memory"].removesuffix("Mi"))
        first = template.get("executionEnvironment") == "EXECUTION_ENVIRONMENT_GEN1"
        if cpu < MIN_CPU or mib < MIN_MIB:
            yield f"{one.name} has {cpu:g} CPU and {mib} MiB; Cloud Run has no less than {MIN_CPU} and {MIN_MIB}"
        if not given.get("startupCpuBoost"):
            yield f"{one.name} starts on the CPU that it runs on; a start is boosted (docs/decisions/0007-cold-start.md)"
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
    only_who_is_vouched_for_signs_in,
    accounts_are_those_of_the_groups,
    functions_are_bounded,
    functions_are_open_to_who_calls_them,
    functions_are_told_what_is_so,
    functions_are_given_what_cloud_run_has,
)


def _invocations(graph: Graph) -> dict[str, set[str]]:
    may: dict[str, set[str]] = {}
    for one in of(graph, MAY_INVOKE):
        if one.inputs["role"] in INVOKER:
            may.setdefault(one.inputs["name"], set()).update(map(account_of, one.inputs["members"]))
    return may


def _key_file(service: Resource) -> str:
    """Return where a service finds the one secret that it mounts."""
    (mount,) = container(service)["volumeMounts"]
    (volume,) = (v for v in service.inputs["template"]["volumes"] if v["name"] == mount["name"])
    (item,) = volume["secret"]["items"]
    return f"{mount['mountPath']}/{item['path']}"
