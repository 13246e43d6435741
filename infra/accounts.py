"""Service accounts: one for each group's requests and reactions, one for whoever may invoke, and what each may do."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
from pulumi_gcp import iam, kms, projects, serviceaccount

from infra.groups import Runtime, runtimes
from infra.stack import STATE_KEY, Stack
from shared.edge.auth import SERVICE_ROLES
from shared.edge.vaults import PREFIX
from shared.files import FileReader, FileRemover, Files
from shared.observability import Dependencies, Enforcing, Memory, Telemetry, Traffic
from shared.operation import DecisionPoint
from shared.outside import (
    Backlogs,
    DueRelay,
    EntryRelay,
    HttpClient,
    LetterRelay,
    Models,
    Probe,
    Push,
    Workflows,
)
from shared.ports import Deployment, SecretReader, SecretWriter, SignatureCheck, Tickets
from shared.projections import Projections

INVOKERS = {
    "gateway": "calls operations for people and apps",
    "workflows": "runs workflows, which call operations",
    "scheduler": "calls reactions to a schedule",
    "pubsub": "delivers events to reactions",
}
"""The only identities that may invoke a function."""

CUSTOM = {
    "asks_models": ("Asks language models", ("aiplatform.endpoints.predict",)),
    "keeps_firebase": (
        "Keeps the Firebase project and its apps",
        (
            "firebase.clients.create",
            "firebase.clients.delete",
            "firebase.clients.get",
            "firebase.clients.update",
            "firebase.projects.get",
            "firebase.projects.update",
        ),
    ),
    "keeps_secrets": (
        "Replaces and forgets tenants' secrets, and reads none",
        (
            "secretmanager.secrets.delete",
            "secretmanager.versions.add",
            "secretmanager.versions.destroy",
            "secretmanager.versions.list",
        ),
    ),
    "makes_secrets": ("Makes secrets, and reads none", ("secretmanager.secrets.create",)),
    "reads_secrets": (
        "Reads tenants' secrets",
        ("secretmanager.versions.access", "secretmanager.versions.list"),
    ),
    "removes_files": (
        "Finds files by their names and removes them, and reads none",
        ("storage.objects.delete", "storage.objects.list"),
    ),
    "signs_links": ("Signs links to files as itself", ("iam.serviceAccounts.signBlob",)),
    "sends_pushes": ("Sends push messages", ("cloudmessaging.messages.create",)),
}
"""Roles of our own, where none of Google's is as narrow: what they are for, and what they allow."""

OF_TENANTS = f'resource.name.extract("/secrets/{{name}}").startsWith("{PREFIX}")'
SOURCES = " || ".join(
    f'resource.name.startsWith("projects/_/buckets/{bucket}")'
    # Cloud Functions copies the archive into a bucket of its own, which the build reads.
    for bucket in ("gcf-v2-sources-", "PROJECT-source/")
)
BOUND = {
    "keeps_secrets": ("tenants' secrets alone", OF_TENANTS),
    "reads_secrets": ("tenants' secrets alone", OF_TENANTS),
    "roles/storage.objectViewer": ("sources alone", SOURCES),
}
"""
What a role is bound to where it is given in the project, by a condition of IAM, in which PROJECT stands for its id; to make a
secret is asked of the project, which has no such name.
"""

BUILDS = (
    "roles/artifactregistry.writer",
    "roles/logging.logWriter",
    "roles/storage.objectViewer",
)
"""What Cloud Build needs to make an image of a function."""

DEPLOYS = (
    "roles/apigateway.admin",
    "roles/artifactregistry.admin",
    "roles/cloudbuild.builds.editor",
    "roles/cloudkms.admin",
    "roles/cloudscheduler.admin",
    "roles/datastore.owner",
    "roles/eventarc.admin",
    "keeps_firebase",
    "roles/firebasehosting.admin",
    "roles/firebaserules.admin",
    "roles/iam.roleAdmin",
    "roles/iam.serviceAccountAdmin",
    "roles/iam.serviceAccountUser",
    "roles/iam.workloadIdentityPoolAdmin",
    "roles/identityplatform.admin",
    "roles/logging.configWriter",
    "roles/monitoring.admin",
    "roles/pubsub.admin",
    "roles/resourcemanager.projectIamAdmin",
    "roles/run.admin",
    "roles/secretmanager.admin",
    "roles/servicemanagement.serviceConsumer",
    "roles/serviceusage.apiKeysAdmin",
    "roles/serviceusage.serviceUsageAdmin",
    "roles/storage.admin",
    "roles/workflows.admin",
)
"""What the pipeline needs to change anything here; it needs no primitive role."""

ROLES_OF_PORT: Mapping[type, tuple[str, ...]] = {
    Workflows: ("roles/workflows.invoker",),
    Telemetry: (
        "roles/telemetry.metricsWriter",
        "roles/monitoring.viewer",  # reads back what the log's requests came to
        "roles/serviceusage.serviceUsageConsumer",  # both are asked in the project's name
    ),
    Dependencies: ("roles/pubsub.viewer", "roles/workflows.viewer"),
    Files: (),  # these three may do in the bucket of uploads what `IN_UPLOADS` says
    FileReader: (),
    FileRemover: (),
    EntryRelay: (),  # these three may publish on the topics that `groups.published` names
    LetterRelay: (),
    DueRelay: (),
    Backlogs: (),  # counts documents
    Push: ("sends_pushes",),
    SecretReader: ("reads_secrets",),
    SecretWriter: ("keeps_secrets", "makes_secrets"),
    Probe: (),  # these two ask the web
    HttpClient: (),
    Models: ("asks_models",),
    Projections: (),  # reads and writes documents
    Enforcing: (),  # these two read documents, and sign with the writer key
    DecisionPoint: (),
    Tickets: (),  # signs with the writer key that each account has
    Deployment: (),  # these four never leave the process
    SignatureCheck: (),
    Memory: (),
    Traffic: (),
}
"""What each port needs in the project, of Google's roles and of `CUSTOM`; one that is not listed cannot be deployed."""

SECRETS_OF_PORT: Mapping[type, str] = {Models: "models-key"}
"""The secret that a port reads, of which its functions are told where it is: put there by hand before `models` names who takes it."""

IN_UPLOADS: Mapping[type, tuple[str, str]] = {
    Files: ("creates", "roles/storage.objectCreator"),
    FileReader: ("reads", "roles/storage.objectViewer"),
    FileRemover: ("removes", "removes_files"),
}
"""What a port does in the bucket of uploads, and the role that this needs; nobody may replace what is there."""

SIGNS = "signs_links"
"""What `FileReader` needs of its own account, whose key Google keeps."""


@dataclass(frozen=True)
class Accounts:
    """The accounts, by id, and the roles of our own that they need."""

    by_id: Mapping[str, serviceaccount.Account]
    custom: Mapping[str, projects.IAMCustomRole]
    grants: dict[str, list[pulumi.Resource]] = field(default_factory=lambda: defaultdict(list))
    """What each account was given, which whatever runs as it waits for."""

    def role(self, id: str) -> pulumi.Input[str]:
        """Return a role as policies name it."""
        return self.custom[id].name if id in self.custom else id

    def email(self, id: str) -> pulumi.Output[str]:
        """Return the address of an account."""
        return self.by_id[id].email

    def member(self, id: str) -> pulumi.Output[str]:
        """Return an account as policies name it."""
        return pulumi.Output.concat("serviceAccount:", self.by_id[id].email)


def declare(stack: Stack) -> Accounts:
    """Declare every account, and what it may do in the project as a whole."""
    purposes = {
        **{one.account: _purpose(one) for one in runtimes()},
        **INVOKERS,
        **{name: f"speaks as {role.value}" for name, role in SERVICE_ROLES.items()},
        "builder": "builds the functions' images",
    }
    accounts = Accounts(
        {
            id: serviceaccount.Account(id, account_id=id, display_name=purpose)
            for id, purpose in purposes.items()
        },
        {id: _custom(id) for id in sorted(_needed() & CUSTOM.keys())},
    )
    for one in runtimes():
        _may(stack, accounts, one.account, "roles/datastore.user")
        for port in sorted(one.ports, key=lambda kind: kind.__name__):
            for role in ROLES_OF_PORT[port]:
                _may(stack, accounts, one.account, role)
        if FileReader in one.ports:
            signs = serviceaccount.IAMMember(
                f"{one.account}-signs-links",
                service_account_id=accounts.by_id[one.account].name,
                role=accounts.role(SIGNS),
                member=accounts.member(one.account),
            )
            accounts.grants[one.account].append(signs)
    # A workflow writes its calls to the log; the callbacks it waits for are its own.
    _may(stack, accounts, "workflows", "roles/logging.logWriter")
    _may(stack, accounts, "pubsub", "roles/eventarc.eventReceiver")
    for role in BUILDS:
        _may(stack, accounts, "builder", role)
    if stack.repository:
        _pipeline(stack)
    return accounts


def _purpose(one: Runtime) -> str:
    return f"runs the {one.account.replace('-', ' group’s ')}"


def _needed() -> set[str]:
    """Return every role that some function needs."""
    ports = {port for one in runtimes() for port in one.ports}
    needed = {role for port in ports for role in ROLES_OF_PORT[port]}
    needed |= {role for port, (_, role) in IN_UPLOADS.items() if port in ports}
    return needed | ({SIGNS} if FileReader in ports else set())


def _custom(id: str) -> projects.IAMCustomRole:
    title, permissions = CUSTOM[id]
    name = id.replace("_", "-")
    return projects.IAMCustomRole(name, role_id=id, title=title, permissions=list(permissions))


def bound(role: str, project: str) -> tuple[str, str]:
    """Return what a role is for where it is given in a project, and the condition that says so; empty where it is for all."""
    title, expression = BOUND.get(role, ("", ""))
    return title, expression.replace("PROJECT", project)


def _may(stack: Stack, accounts: Accounts, id: str, role: str) -> None:
    title, expression = bound(role, stack.project)
    condition = projects.IAMMemberConditionArgs(title=title, expression=expression)
    given = projects.IAMMember(
        f"{id}-{role.rpartition('/')[2].replace('_', '-')}",
        project=stack.project,
        role=accounts.role(role),
        member=accounts.member(id),
        condition=condition if title else None,
    )
    accounts.grants[id].append(given)


def _pipeline(stack: Stack) -> None:
    """Let the repository's pipeline deploy with its own identity, so that no key of an account exists."""
    deployer = serviceaccount.Account(
        "deployer", account_id="deployer", display_name="deploys from the repository"
    )
    pool = iam.WorkloadIdentityPool("repository", workload_identity_pool_id="repository")
    iam.WorkloadIdentityPoolProvider(
        "repository",
        workload_identity_pool_id=pool.workload_identity_pool_id,
        workload_identity_pool_provider_id="github",
        attribute_mapping={
            "google.subject": "assertion.sub",
            "attribute.repository": "assertion.repository",
            "attribute.environment": "assertion.environment",
        },
        attribute_condition=(
            f'assertion.repository == "{stack.repository}"'
            f' && assertion.environment == "{stack.environment}"'
        ),
        oidc=iam.WorkloadIdentityPoolProviderOidcArgs(
            issuer_uri="https://token.actions.githubusercontent.com"
        ),
    )
    serviceaccount.IAMMember(
        "deployer-repository",
        service_account_id=deployer.name,
        role="roles/iam.workloadIdentityUser",
        member=pulumi.Output.concat(
            "principalSet://iam.googleapis.com/",
            pool.name,
            f"/attribute.repository/{stack.repository}",
        ),
    )
    member = pulumi.Output.concat("serviceAccount:", deployer.email)
    for role in DEPLOYS:
        projects.IAMMember(
            f"deployer-{role.rpartition('/')[2].replace('_', '-')}",
            project=stack.project,
            role=_custom(role).name if role in CUSTOM else role,
            member=member,
        )
    kms.CryptoKeyIAMMember(
        "deployer-state",
        crypto_key_id=f"{stack.project}/{stack.region}/{STATE_KEY}",
        role="roles/cloudkms.cryptoKeyEncrypterDecrypter",
        member=member,
    )
