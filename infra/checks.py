"""
Policy as code: what must hold of every resource before any of it is deployed.

Each check reads the resources as the program asks for them and says, in sentences, what is wrong.
"""

import re
from collections import Counter
from collections.abc import Iterator

from infra import (
    alerts,
    delivering,
    figures,
    order,
    permissions,
    rights,
    routes,
    safekeeping,
    serving,
)
from infra.accounts import SIGNS
from infra.messages import cron, filter_of, listens_to
from infra.reading import Check, Graph, account_of, granted, mounted, named, of
from infra.stack import Environment
from shared.edge.catalog import reactions

LIMITS = {
    "cloudrunv2.Service": ("name", r"[a-z]([a-z0-9-]{0,47}[a-z0-9])?"),
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

EVERYBODY = {"allUsers", "allAuthenticatedUsers"}
PRIMITIVE = {"roles/owner", "roles/editor", "roles/viewer"}
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
    return [sentence for check in CHECKS for sentence in _said(check, graph, environment)]


def _said(check: Check, graph: Graph, environment: Environment) -> Iterator[str]:
    """Say what a check finds; what it reads and is not there is missing, and is said as well."""
    try:
        yield from check(graph, environment)
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        what = check.__name__.replace("_", " ")
        yield f"nobody can say whether {what}: something is not there ({error!r})"


def nothing_is_public(graph: Graph, _: Environment) -> Iterator[str]:
    """Nobody is let in whom nobody knows."""
    for one, role, members in granted(graph):
        for member in sorted(EVERYBODY & members):
            yield f"{one.name} gives {role} to {member}; nothing is public but the gateway and the site"
    for one in of(graph, "storage.Bucket"):
        if one.inputs.get("publicAccessPrevention") != "enforced":
            yield f"the bucket {one.name} may be made public; enforce the prevention of public access"
        if not one.inputs.get("uniformBucketLevelAccess"):
            yield f"the bucket {one.name} has access by object; switch on uniform access"


def no_primitive_role(graph: Graph, _: Environment) -> Iterator[str]:
    """No account may do everything."""
    for one, role, _members in granted(graph):
        if role in PRIMITIVE:
            yield f"{one.name} gives {role}, which is far more than anything needs"


def no_key_of_an_account(graph: Graph, _: Environment) -> Iterator[str]:
    """No account has a key that could be lost."""
    for one in of(graph, "serviceaccount.Key"):
        yield f"{one.name} is a key of an account; identities need none"


def only_the_pipeline_acts_as_another(graph: Graph, _: Environment) -> Iterator[str]:
    """Only the pipeline deploys workflows, or acts as an account: it alone decides what runs as whom."""
    for one, role, members in granted(graph):
        for member in sorted(members):
            if role in BECOMES and account_of(member) != "deployer":
                yield f"{one.name} gives {role} to {member}, who could act as any account; only the pipeline may"
            whose = account_of(str(one.inputs.get("serviceAccountId", "")).rpartition("/")[2])
            if named(role) == SIGNS and account_of(member) != whose:
                yield f"{one.name} lets {member} sign as {whose or 'anybody'}; an account signs as itself alone"


def every_secret_exists(graph: Graph, _: Environment) -> Iterator[str]:
    """What refers to a secret refers to one that is declared."""
    declared = {one.inputs["secretId"] for one in of(graph, "secretmanager.Secret")}
    referred = {
        (one.name, secret) for one in of(graph, "cloudrunv2.Service") for secret in mounted(one)
    }
    referred |= {
        (one.name, one.inputs["secretId"]) for one in of(graph, "secretmanager.SecretIamMember")
    }
    for name, secret in sorted(referred):
        if secret not in declared:
            yield f"{name} refers to the secret {secret}, which nobody declares"


def names_are_within_limits(graph: Graph, _: Environment) -> Iterator[str]:
    """Every name is one that Google Cloud takes, and is given once."""
    for type, (member, pattern) in LIMITS.items():
        names = [str(one.inputs[member]) for one in of(graph, type)]
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


def every_grant_is_given_once(graph: Graph, _: Environment) -> Iterator[str]:
    """Nothing is given twice: whoever takes one of two back takes both."""
    found: dict[str, list[str]] = {}
    for one, _role, _members in granted(graph):
        found.setdefault(f"{one.type} {sorted(one.inputs.items(), key=str)}", []).append(one.name)
    for names in found.values():
        if len(names) > 1:
            yield f"{' and '.join(names)} are one grant; when one goes, the others are gone with it"


def what_is_given_up_is_taken_off(graph: Graph, _: Environment) -> Iterator[str]:
    """The broker may take off a subscription what it gives up there, or it is never among the dead letters."""
    may = {
        one.inputs["subscription"]
        for one, role, members in granted(graph)
        if role == "roles/pubsub.subscriber" and "gcp-sa-pubsub" in " ".join(members)
    }
    for one in of(graph, "pubsub.Subscription"):
        if one.inputs.get("deadLetterPolicy") and one.inputs["name"] not in may:
            yield f"the broker may not take off {one.name} what it gives up there"


def what_a_sink_takes_is_kept(graph: Graph, _: Environment) -> Iterator[str]:
    """A sink writes where it may, or what it takes of the log is lost."""
    may = {
        one.inputs.get("bucket")
        for one, role, members in granted(graph)
        if role == "roles/storage.objectCreator" and "gcp-sa-logging" in " ".join(members)
    }
    for one in of(graph, "logging.ProjectSink"):
        if one.inputs["destination"].rpartition("/")[2] not in may:
            yield f"the sink {one.name} may not write to {one.inputs['destination']}"


def every_topic_has_its_subscriber(graph: Graph, _: Environment) -> Iterator[str]:
    """What is announced is heard, and what listens is told exactly what it takes."""
    topics = {one.inputs["name"] for one in of(graph, "pubsub.Topic")}
    heard = Counter(one.inputs["topic"] for one in of(graph, "pubsub.Subscription"))
    yield from (f"nobody listens to the topic {name}" for name in sorted(topics - heard.keys()))
    yield from (f"there is no topic {name} to listen to" for name in sorted(heard.keys() - topics))
    subscriptions = {one.name: one for one in of(graph, "pubsub.Subscription")}
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
        if not found.inputs.get("enableMessageOrdering"):
            yield f"{reaction.id} is told events of one entity out of order"


def every_stored_reaction_has_its_trigger(graph: Graph, _: Environment) -> Iterator[str]:
    """Whatever runs for a document that is stored is called for each of its kind, as the framework reads it."""
    triggers = {one.name: one.inputs for one in of(graph, "eventarc.Trigger")}
    wanted = {one.id: one for one in reactions() if one.stored}
    yield from (f"nothing triggers {id}" for id in sorted(wanted.keys() - triggers.keys()))
    yield from (
        f"the trigger {id} runs no function" for id in sorted(triggers.keys() - wanted.keys())
    )
    for id in sorted(wanted.keys() & triggers.keys()):
        trigger, kind = triggers[id], wanted[id].stored
        matched = {
            (one["attribute"], one.get("operator", ""), one["value"])
            for one in trigger["matchingCriterias"]
        }
        right = {("type", "", "google.cloud.firestore.document.v1.created")}
        right |= {("database", "", one.inputs["name"]) for one in of(graph, "firestore.Database")}
        if kind:
            path = f"tenants/{{tenant}}/{kind.collection}/{{id}}"
            right.add(("document", "match-path-pattern", path))
        if matched != right or len(trigger["matchingCriterias"]) != len(right):
            yield f"{id} is triggered by other documents than it takes"
        if trigger["destination"]["cloudRunService"]["service"] != wanted[id].function_name:
            yield f"the trigger of {id} runs another function"
        if trigger.get("eventDataContentType") != "application/protobuf":
            yield f"{id} is triggered as Firestore does not say it; say application/protobuf"


def every_schedule_has_its_function(graph: Graph, _: Environment) -> Iterator[str]:
    """What runs by the clock runs as often as it says, by the clock that it says."""
    jobs = {one.inputs["name"]: one for one in of(graph, "cloudscheduler.Job")}
    wanted = {one.function_name: one for one in reactions() if one.scheduled}
    yield from (f"nothing runs {name} by the clock" for name in sorted(wanted.keys() - jobs.keys()))
    yield from (f"the schedule {n} runs no function" for n in sorted(jobs.keys() - wanted.keys()))
    for name in wanted.keys() & jobs.keys():
        said = (jobs[name].inputs["schedule"], jobs[name].inputs["timeZone"])
        schedule = wanted[name].schedule
        right = (cron(wanted[name]), schedule.zone if schedule else "Etc/UTC")
        if said != right:
            yield f"{name} runs at {' in '.join(said)} and not at {' in '.join(right)}"


CHECKS: tuple[Check, ...] = (
    *serving.CHECKS,
    *routes.CHECKS,
    *safekeeping.CHECKS,
    *figures.CHECKS,
    *alerts.CHECKS,
    nothing_is_public,
    no_primitive_role,
    no_key_of_an_account,
    only_the_pipeline_acts_as_another,
    *rights.CHECKS,
    *delivering.CHECKS,
    every_secret_exists,
    names_are_within_limits,
    every_resource_has_its_own_name,
    every_grant_is_given_once,
    what_is_given_up_is_taken_off,
    what_a_sink_takes_is_kept,
    every_topic_has_its_subscriber,
    every_stored_reaction_has_its_trigger,
    every_schedule_has_its_function,
    order.waits_for_what_it_needs,
    order.every_service_is_asked,
    permissions.the_deployer_may_do_what_it_does,
    permissions.accounts_may_do_their_work,
    permissions.our_own_roles_are_as_narrow_as_their_use,
)
