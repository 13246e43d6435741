"""Functions: one Cloud Function for each of the catalog, as small as serves, invoked by nobody but who must."""

import json
from collections.abc import Mapping

import pulumi
from pulumi_gcp import artifactregistry, cloudfunctionsv2, cloudrunv2, firestore, secretmanager

from infra.accounts import SECRETS_OF_PORT, Accounts
from infra.archive import BUILD_ENVIRONMENT
from infra.buckets import Buckets
from infra.groups import Declared, runtime_of
from infra.stack import Stack
from infra.vault import Vault, writer_key
from shared.edge.catalog import catalog, methods_at
from shared.operation import Operation
from shared.outside import Models
from shared.reaction import Reaction

MEMORY = "256Mi"
CPU = "0.1666"
"""The least that goes with this memory; below one CPU an instance serves one request at a time."""

OPERATION_S = 60
REACTION_S = 120
"""How long each may take; a push that the provider refuses is tried for about a minute."""

WARM = {
    "approvals.approve_approval",
    "approvals.create_veto",
    "mobile.approve_on_phone",
    "mobile.veto_on_phone",
}
"""The approval path: what a person waits for with a decision in their hand."""

KEYS = "/etc/waooaw"
"""Where a function finds its writer key."""

Functions = Mapping[str, cloudfunctionsv2.Function]


def declare(
    stack: Stack,
    accounts: Accounts,
    vault: Vault,
    buckets: Buckets,
    database: firestore.Database,
    api: pulumi.Output[str],
) -> Functions:
    """Declare every function, by its id."""
    images = _images(stack)
    return {
        one.id: _function(stack, one, accounts, vault, buckets, images, database, api)
        for one in catalog()
    }


def let_invoke(
    stack: Stack, function: cloudfunctionsv2.Function, id: str, accounts: Accounts, by: str
) -> cloudrunv2.ServiceIamMember:
    """Let one identity invoke one function."""
    return cloudrunv2.ServiceIamMember(
        f"{by}-invokes-{id}",
        project=stack.project,
        location=stack.region,
        name=function.name,
        role="roles/run.invoker",
        member=accounts.member(by),
    )


def _images(stack: Stack) -> artifactregistry.Repository:
    return artifactregistry.Repository(
        "functions",
        repository_id="functions",
        location=stack.region,
        format="DOCKER",
        cleanup_policies=[
            artifactregistry.RepositoryCleanupPolicyArgs(
                id="keep-the-last-three",
                action="KEEP",
                most_recent_versions=artifactregistry.RepositoryCleanupPolicyMostRecentVersionsArgs(
                    keep_count=3
                ),
            ),
            artifactregistry.RepositoryCleanupPolicyArgs(
                id="delete-what-is-old",
                action="DELETE",
                condition=artifactregistry.RepositoryCleanupPolicyConditionArgs(
                    older_than=f"{30 * 24 * 3600}s"
                ),
            ),
        ],
    )


def _function(
    stack: Stack,
    declared: Declared,
    accounts: Accounts,
    vault: Vault,
    buckets: Buckets,
    images: artifactregistry.Repository,
    database: firestore.Database,
    api: pulumi.Output[str],
) -> cloudfunctionsv2.Function:
    runtime = runtime_of(declared)
    secret = vault.secrets[writer_key(runtime.group)]
    warm = stack.warm_instances if declared.id in WARM else 0
    trigger = None
    if isinstance(declared, Reaction) and declared.stored:
        trigger = _stored(stack, declared, accounts, database)
    return cloudfunctionsv2.Function(
        declared.id,
        name=declared.function_name,
        location=stack.region,
        description=_description(declared),
        build_config=cloudfunctionsv2.FunctionBuildConfigArgs(
            runtime="python311",
            entry_point="serve",
            environment_variables=BUILD_ENVIRONMENT,
            docker_repository=images.id,
            service_account=accounts.by_id["builder"].name,
            source=cloudfunctionsv2.FunctionBuildConfigSourceArgs(
                storage_source=cloudfunctionsv2.FunctionBuildConfigSourceStorageSourceArgs(
                    bucket=buckets.source.name, object=buckets.archive.name
                )
            ),
        ),
        service_config=cloudfunctionsv2.FunctionServiceConfigArgs(
            service_account_email=accounts.email(runtime.account),
            available_memory=MEMORY,
            available_cpu=CPU,
            max_instance_request_concurrency=1,
            timeout_seconds=timeout_s(declared),
            min_instance_count=warm,
            max_instance_count=max(stack.max_instances, warm),
            all_traffic_on_latest_revision=True,
            # The gateway is no internal caller; what it does not call is closed to the outside.
            ingress_settings="ALLOW_ALL"
            if isinstance(declared, Operation)
            else "ALLOW_INTERNAL_ONLY",
            environment_variables=_environment(
                stack, declared, accounts.email(runtime.account), api
            ),
            secret_volumes=[_mounted(stack, secret)],
        ),
        event_trigger=trigger,
    )


def timeout_s(declared: Declared) -> int:
    """Return how long one run of a function may take."""
    return OPERATION_S if isinstance(declared, Operation) else REACTION_S


def _environment(
    stack: Stack, declared: Declared, account: pulumi.Output[str], api: pulumi.Output[str]
) -> dict[str, pulumi.Input[str]]:
    environment: dict[str, pulumi.Input[str]] = {
        "FUNCTION": declared.id,
        "PROJECT": stack.project,
        "LOCATION": stack.region,
        "ENVIRONMENT": stack.environment,
        "ACCOUNT": account,
        "API": api,
        "STORE": "firestore",
        "BUS": "pubsub",
        "ORIGINS": ",".join((stack.site, *stack.origins)),
        "WRITER_KEY": f"{KEYS}/writer.pem",
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


def _mounted(
    stack: Stack, secret: secretmanager.Secret
) -> cloudfunctionsv2.FunctionServiceConfigSecretVolumeArgs:
    return cloudfunctionsv2.FunctionServiceConfigSecretVolumeArgs(
        mount_path=KEYS,
        project_id=stack.project,
        secret=secret.secret_id,
        versions=[
            cloudfunctionsv2.FunctionServiceConfigSecretVolumeVersionArgs(
                version="latest", path="writer.pem"
            )
        ],
    )


def _stored(
    stack: Stack, declared: Reaction, accounts: Accounts, database: firestore.Database
) -> cloudfunctionsv2.FunctionEventTriggerArgs:
    """Run it for every document of its kind that was created, in whichever tenant."""
    kind = declared.stored
    assert kind is not None  # noqa: S101 - its caller looked
    return cloudfunctionsv2.FunctionEventTriggerArgs(
        trigger_region=stack.region,
        event_type="google.cloud.firestore.document.v1.created",
        retry_policy="RETRY_POLICY_RETRY",
        service_account_email=accounts.email("pubsub"),
        event_filters=[
            cloudfunctionsv2.FunctionEventTriggerEventFilterArgs(
                attribute="database", value=database.name
            ),
            cloudfunctionsv2.FunctionEventTriggerEventFilterArgs(
                attribute="document",
                operator="match-path-pattern",
                value=f"tenants/{{tenant}}/{kind.collection}/{{id}}",
            ),
        ],
    )


def _description(declared: Declared) -> str:
    return (declared.function.__doc__ or "").strip().partition("\n")[0]
