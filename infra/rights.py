"""
What must hold of every grant: to whom it is given, on what, by which role, and under which condition.

What a role allows, and what each account takes, is in ``infra/permissions.py``; here it is held to the place it is given for.
"""

import re
from collections.abc import Iterator, Mapping

from infra.accounts import IN_UPLOADS, ROLES_OF_PORT, bound
from infra.groups import Runtime, runtimes
from infra.order import calls
from infra.permissions import ACTS, DEPLOYER, allows
from infra.reading import Check, Graph, account_of, compared, granted, named, of
from infra.stack import Environment
from infra.vault import read_by

ISSUER = "https://token.actions.githubusercontent.com"
MAPPING = {
    "google.subject": "assertion.sub",
    "attribute.repository": "assertion.repository",
    "attribute.environment": "assertion.environment",
}
"""Who says which workflow asks, and how what they say is read."""

TRUSTED = re.compile(
    r"principalSet://iam\.googleapis\.com/([^*]+)/attribute\.repository/([\w.-]+/[\w.-]+)"
)
_MEMBER = re.compile(r"serviceAccount:([a-z0-9-]+)@([a-z0-9-]+)\.iam\.gserviceaccount\.com")

OF_AGENTS: Mapping[str, frozenset[str]] = {
    "gcp-sa-eventarc": frozenset({"roles/eventarc.serviceAgent"}),
    "gcp-sa-logging": frozenset({"roles/storage.objectCreator"}),
    "gcp-sa-pubsub": frozenset(
        {
            "roles/pubsub.publisher",
            "roles/pubsub.subscriber",
            "roles/storage.legacyBucketReader",
            "roles/storage.objectCreator",
        }
    ),
    "gs-project-accounts": frozenset({"roles/cloudkms.cryptoKeyEncrypterDecrypter"}),
}
"""What agents of Google's are given, each on the one thing that it serves."""

OF_NEXT = "artifactregistry.RepositoryIamMember", "roles/artifactregistry.reader"
"""What the pipeline of the next stack is given of this one: it reads the images."""

OF_SOME = re.compile(
    r"(cloudkms|iam\.serviceAccounts|run\.routes|secretmanager\.versions|storage)\..*"
    r"|pubsub\.topics\.publish|secretmanager\.secrets\.delete"
)
"""What nobody but the pipeline may on everything there is: it is allowed on one thing, or under a condition."""

AS_WHOM: Mapping[str, str] = {
    "apigateway.ApiConfig": "gateway",
    "cloudscheduler.Job": "scheduler",
    "eventarc.Trigger": "pubsub",
    "pubsub.Subscription": "pubsub",
    "workflows.Workflow": "workflows",
}
"""As which account each kind of thing calls functions."""

ON: Mapping[str, str] = {
    "pubsub.SubscriptionIAMMember": "subscription",
    "pubsub.TopicIAMMember": "topic",
    "secretmanager.SecretIamMember": "secretId",
    "storage.BucketIAMMember": "bucket",
}
"""What names the one thing that a grant is on, by the grant's type."""


def only_the_repository_is_the_pipeline(graph: Graph, environment: Environment) -> Iterator[str]:
    """Who comes from outside is a workflow of the one repository, in this environment, and acts as the deployer alone."""
    pools = {one.inputs["workloadIdentityPoolId"] for one in of(graph, "iam.WorkloadIdentityPool")}
    trusted = set()
    for one, role, members in granted(graph):
        for member in sorted(members):
            if role != ACTS and member.startswith("serviceAccount:"):
                continue
            whose = account_of(str(one.inputs.get("serviceAccountId", "")).rpartition("/")[2])
            found = TRUSTED.fullmatch(member)
            if found and found[1].rpartition("/")[2] in pools and (role, whose) == (ACTS, DEPLOYER):
                trusted.add(found[2])
            else:
                yield (
                    f"{one.name} gives {role} to {member}; who is no account of ours is the one repository,"
                    f" which acts as the {DEPLOYER}"
                )
    conditions = {
        f'assertion.repository == "{repository}" && assertion.environment == "{environment}"'
        for repository in trusted
    }
    providers = of(graph, "iam.WorkloadIdentityPoolProvider")
    if max(len(trusted), len(providers), len(pools)) > 1:
        yield "more than one repository, pool or provider is trusted; the pipeline is of one"
    for one in providers:
        if one.inputs.get("attributeCondition") not in conditions:
            yield f"the provider {one.name} lets in others than the repository in {environment}"
        if (one.inputs.get("oidc") or {}).get("issuerUri") != ISSUER:
            yield f"the provider {one.name} believes another than {ISSUER}"
        if one.inputs.get("attributeMapping") != MAPPING:
            yield f"the provider {one.name} reads what it is told in another way"


def nobody_else_is_given_anything(graph: Graph, _: Environment) -> Iterator[str]:
    """What is given is given to an account that is declared, or to an agent of Google's for what it serves."""
    ours = {
        (one.inputs["accountId"], project)
        for one in of(graph, "serviceaccount.Account")
        for project in {grant.inputs.get("project") for grant in of(graph, "projects.IAMMember")}
    }
    for one, role, members in granted(graph):
        for account, project in sorted(_MEMBER.findall(" ".join(sorted(members)))):
            next_one = account == DEPLOYER and (one.type, role) == OF_NEXT
            agent = role in OF_AGENTS.get(project, ()) and account.startswith("service-")
            if not ((account, project) in ours or next_one or agent):
                yield f"{one.name} gives {role} to {account} of {project}, for whom it is not"


def accounts_may_what_they_do(graph: Graph, _: Environment) -> Iterator[str]:
    """An account may do exactly what its functions do, and one that runs none is given no single thing."""
    of_runtimes = {one.account: one for one in runtimes()}
    for one in of(graph, "serviceaccount.Account"):
        account = one.inputs["accountId"]
        runtime, has = of_runtimes.get(account), _has(graph, account)
        if runtime:
            needed = {"roles/datastore.user"}
            needed |= {role for port in runtime.ports for role in ROLES_OF_PORT[port]}
            project = {
                named(role)
                for grant, role, members in granted(graph)
                if grant.type == "projects.IAMMember" and account in set(map(account_of, members))
            }
            yield from compared(account, "has the role", needed, project)
        things = _needs(runtime) if runtime else {}
        for type, verb in VERBS.items():
            yield from compared(account, verb, things.get(type, set()), has[type])


VERBS: Mapping[str, str] = {
    "pubsub.TopicIAMMember": "may publish on",
    "secretmanager.SecretIamMember": "may read the secret",
    "storage.BucketIAMMember": "may use the bucket",
    "pubsub.SubscriptionIAMMember": "may use the subscription",
}


def _needs(runtime: Runtime) -> dict[str, set[str]]:
    """Return what a runtime's functions need, by the type of the grant: each thing with the role."""
    return {
        "pubsub.TopicIAMMember": {f"{name} (roles/pubsub.publisher)" for name in runtime.topics},
        "secretmanager.SecretIamMember": {
            f"{name} (roles/secretmanager.secretAccessor)" for name in read_by(runtime)
        },
        "storage.BucketIAMMember": {
            f"uploads ({role})" for port, (_, role) in IN_UPLOADS.items() if port in runtime.ports
        },
    }


def _has(graph: Graph, account: str) -> dict[str, set[str]]:
    """Return what an account is given on single things, likewise."""
    has: dict[str, set[str]] = {type: set() for type in ON}
    for one, role, members in granted(graph):
        if one.type in ON and account in set(map(account_of, members)):
            thing = str(one.inputs[ON[one.type]])
            if one.type == "pubsub.TopicIAMMember":
                thing = thing.partition("-")[2].partition("-")[2]
            if one.type == "storage.BucketIAMMember":
                thing = thing.rpartition("-")[2]
            has[one.type].add(f"{thing} ({named(role)})")
    return has


def what_is_bound_is_bound(graph: Graph, _: Environment) -> Iterator[str]:
    """A role that is for some things alone is given for these alone, and no other grant has a condition."""
    for one, role, _members in granted(graph):
        project = one.inputs.get("project") if one.type == "projects.IAMMember" else None
        title, expression = bound(named(role), project) if project else ("", "")
        has = (one.inputs.get("condition") or {}).get("expression") or ""
        if title and has != expression:
            yield f"{one.name} gives {role} for everything; it is for {title}"
        elif has != expression:
            yield f"{one.name} gives {role} under a condition that nobody declares"


def what_is_for_some_is_not_given_for_all(graph: Graph, _: Environment) -> Iterator[str]:
    """Whatever reads, writes or acts as one thing is allowed there alone: by a grant on it, or by a condition."""
    for one, role, members in granted(graph):
        wide = one.type == "projects.IAMMember" and not one.inputs.get("condition")
        if wide and {DEPLOYER} != set(map(account_of, members)):
            for more in sorted(filter(OF_SOME.fullmatch, allows(role) or ())):
                yield f"{one.name} allows {more} in the whole project; give it on one thing, or bind it"


def whatever_calls_calls_as_itself(graph: Graph, _: Environment) -> Iterator[str]:
    """Each kind of thing that calls functions does so as the one account that is for it."""
    for one, account, _names in calls(graph):
        if account != AS_WHOM[one.type]:
            yield f"{one.type} {one.name} calls as {account or 'nobody'} and not as {AS_WHOM[one.type]}"


CHECKS: tuple[Check, ...] = (
    only_the_repository_is_the_pipeline,
    nobody_else_is_given_anything,
    accounts_may_what_they_do,
    what_is_bound_is_bound,
    what_is_for_some_is_not_given_for_all,
    whatever_calls_calls_as_itself,
)
