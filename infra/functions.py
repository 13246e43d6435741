"""
Functions: each of the catalog a service of Cloud Run from the one image, as small as serves.

That is what Google calls a Cloud Run function today: the Functions Framework, made into an image by Google's buildpack.
"""

import json
from dataclasses import dataclass

import pulumi
from pulumi_gcp import artifactregistry, cloudrunv2, secretmanager

from infra.accounts import SECRETS_OF_PORT, Accounts
from infra.groups import Declared, runtime_of
from infra.image import KEPT
from infra.invokers import let_invoke
from infra.records import Records
from infra.stack import IMAGES, Stack
from infra.vault import Vault, writer_key
from shared.edge.catalog import catalog, methods_at
from shared.edge.opa import RUNTIME
from shared.edge.settings import ANY
from shared.operation import Operation
from shared.outside import Models

MEMORY = "160Mi"
"""Twice what a start may hold; what is left is for bodies and answers. Cloud Run has no less than 128 MiB."""

CPU = "0.2"
"""As much as the creation of agents may cost (docs/costs.md), and a function answers from cold within 1.2 s; in thousandths."""

CONCURRENCY = 1
"""How many requests an instance serves at a time: below one CPU there is no other way."""

BOOST = True
"""Whether an instance has more CPU while it starts."""

GENERATION = "EXECUTION_ENVIRONMENT_GEN1"
"""Below one CPU, and below 512 MiB, there is no other one."""

OPERATION_S = 60
REACTION_S = 120
"""How long each may take; a push that the provider refuses is tried for about a minute."""

START = ("/cnb/lifecycle/launcher", "--", "python3", "start.py")
"""
What a container runs: our own start in the environment that the buildpack made, and not the framework's.

The launcher is where every image of a buildpack has it. An image without this command starts the Functions Framework,
and serves the same: so does what `gcloud functions deploy` makes of the archive.
"""

CANARY = "platform.get_health"
"""The function that is deployed before all others: an image that does not start goes no further."""

WARM = {
    "approvals.approve_approval",
    "approvals.create_veto",
    "mobile.approve_on_phone",
    "mobile.veto_on_phone",
}
"""The approval path: what a person waits for with a decision in their hand."""

KEYS = "/etc/waooaw"
"""Where a function finds its writer key."""

DAY_S = 24 * 3600


@dataclass(frozen=True)
class Function:
    """A function that is deployed, and whoever may invoke it."""

    service: cloudrunv2.Service
    invoked: cloudrunv2.ServiceIamBinding

    @property
    def ready(self) -> list[pulumi.Resource]:
        """What must be there before anybody calls it."""
        return [self.service, self.invoked]


class Functions(dict[str, Function]):
    """The functions that are deployed, by their ids."""

    def __missing__(self, id: str) -> Function:
        """Refuse, where something is to call what is not there."""
        raise pulumi.RunError(f"{id} is called and is not deployed")


def declare(stack: Stack, accounts: Accounts, vault: Vault, records: Records) -> Functions:
    """Declare every function, by its id: the canary first, which waits for every index that anything asks."""
    images = _images(stack)
    found = Functions()
    for one in sorted(catalog(), key=lambda one: one.id != CANARY):
        before = [found[CANARY].service] if found else [images, *records.asked]
        account = runtime_of(one).account
        waits = pulumi.ResourceOptions(depends_on=[*before, *accounts.grants[account]])
        service = _service(stack, one, accounts, vault, waits)
        found[one.id] = Function(service, let_invoke(stack, one, service, accounts))
    return found


def _images(stack: Stack) -> artifactregistry.Repository:
    images = artifactregistry.Repository(
        "functions",
        repository_id=IMAGES,
        location=stack.region,
        format="DOCKER",
        cleanup_policies=[
            artifactregistry.RepositoryCleanupPolicyArgs(
                id="keep-what-runs",
                action="KEEP",
                condition=artifactregistry.RepositoryCleanupPolicyConditionArgs(
                    tag_state="TAGGED", tag_prefixes=list(KEPT)
                ),
            ),
            artifactregistry.RepositoryCleanupPolicyArgs(
                id="keep-the-last-ten",
                action="KEEP",
                most_recent_versions=artifactregistry.RepositoryCleanupPolicyMostRecentVersionsArgs(
                    keep_count=10
                ),
            ),
            artifactregistry.RepositoryCleanupPolicyArgs(
                id="delete-what-is-old",
                action="DELETE",
                condition=artifactregistry.RepositoryCleanupPolicyConditionArgs(
                    older_than=f"{90 * DAY_S}s"
                ),
            ),
        ],
    )
    if stack.promotes_to:
        # The same image runs in the next stack, whose pipeline copies it from here.
        artifactregistry.RepositoryIamMember(
            "promotes",
            project=stack.project,
            location=stack.region,
            repository=images.name,
            role="roles/artifactregistry.reader",
            member=f"serviceAccount:deployer@{stack.promotes_to}.iam.gserviceaccount.com",
        )
    return images


def _service(
    stack: Stack,
    declared: Declared,
    accounts: Accounts,
    vault: Vault,
    waits: pulumi.ResourceOptions,
) -> cloudrunv2.Service:
    runtime = runtime_of(declared)
    warm = stack.warm_instances if declared.id in WARM else 0
    secret = vault.secrets[writer_key(runtime.group)]
    return cloudrunv2.Service(
        declared.id,
        name=declared.function_name,
        location=stack.region,
        description=_description(declared),
        # The gateway is no internal caller; what it does not call is closed to the outside.
        ingress="INGRESS_TRAFFIC_ALL"
        if isinstance(declared, Operation)
        else "INGRESS_TRAFFIC_INTERNAL_ONLY",
        # A service holds nothing, and a function that a release takes out of the catalog goes with it.
        deletion_protection=False,
        template=cloudrunv2.ServiceTemplateArgs(
            service_account=accounts.email(runtime.account),
            execution_environment=GENERATION,
            max_instance_request_concurrency=CONCURRENCY,
            timeout=f"{timeout_s(declared)}s",
            scaling=cloudrunv2.ServiceTemplateScalingArgs(
                min_instance_count=warm, max_instance_count=max(stack.max_instances, warm)
            ),
            volumes=[_mounted(secret)],
            containers=[
                cloudrunv2.ServiceTemplateContainerArgs(
                    image=stack.image,
                    commands=[START[0]],
                    args=[*START[1:]],
                    resources=cloudrunv2.ServiceTemplateContainerResourcesArgs(
                        limits={"cpu": CPU, "memory": MEMORY},
                        cpu_idle=True,
                        startup_cpu_boost=BOOST,
                    ),
                    envs=[
                        cloudrunv2.ServiceTemplateContainerEnvArgs(name=name, value=value)
                        for name, value in _environment(stack, declared, accounts).items()
                    ],
                    volume_mounts=[
                        cloudrunv2.ServiceTemplateContainerVolumeMountArgs(
                            name="writer-key", mount_path=KEYS
                        )
                    ],
                )
            ],
        ),
        traffics=[
            cloudrunv2.ServiceTrafficArgs(type="TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent=100)
        ],
        opts=waits,
    )


def timeout_s(declared: Declared) -> int:
    """Return how long one run of a function may take."""
    return OPERATION_S if isinstance(declared, Operation) else REACTION_S


def _environment(
    stack: Stack, declared: Declared, accounts: Accounts
) -> dict[str, pulumi.Input[str]]:
    environment: dict[str, pulumi.Input[str]] = {
        "FUNCTION": declared.id,
        "FUNCTION_TARGET": "serve",
        "FUNCTION_SIGNATURE_TYPE": "http" if isinstance(declared, Operation) else "cloudevent",
        "FUNCTION_ADDRESS": stack.address(ANY),
        # A request that stands still any longer ends its process.
        "TIMEOUT_S": f"{timeout_s(declared)}",
        "PROJECT": stack.project,
        "LOCATION": stack.region,
        "ENVIRONMENT": stack.environment,
        "ACCOUNT": accounts.email(runtime_of(declared).account),
        "STORE": "firestore",
        "BUS": "pubsub",
        "ORIGINS": ",".join((stack.site, *stack.origins)),
        "WRITER_KEY": f"{KEYS}/writer.pem",
        **RUNTIME,
    }
    if isinstance(declared, Operation):
        # A browser asks the first of the functions at an address what all of them take.
        environment["METHODS"] = " ".join(methods_at(declared.path))
    if stack.controllers:
        environment["CONTROLLERS"] = json.dumps(stack.controllers, sort_keys=True)
    if stack.models and Models in declared.ports.values():
        key = f"projects/{stack.project}/secrets/{SECRETS_OF_PORT[Models]}/versions/latest"
        environment |= {"MODELS": stack.models, "MODELS_KEY": f"gcp-secret://{key}"}
    return environment | ({"RELEASES": stack.releases} if stack.releases else {})


def _mounted(secret: secretmanager.Secret) -> cloudrunv2.ServiceTemplateVolumeArgs:
    return cloudrunv2.ServiceTemplateVolumeArgs(
        name="writer-key",
        secret=cloudrunv2.ServiceTemplateVolumeSecretArgs(
            secret=secret.secret_id,
            items=[
                cloudrunv2.ServiceTemplateVolumeSecretItemArgs(version="latest", path="writer.pem")
            ],
        ),
    )


def _description(declared: Declared) -> str:
    return (declared.function.__doc__ or "").strip().partition("\n")[0]
