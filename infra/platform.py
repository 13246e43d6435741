"""Everything that an environment is."""

import pulumi
from pulumi_gcp import projects

from infra import (
    accounts,
    buckets,
    engine,
    functions,
    gateway,
    messages,
    records,
    site,
    vault,
    watching,
)
from infra.apis import OF_PORTS
from infra.groups import runtimes
from infra.stack import Stack

SERVICES = (
    "apigateway",
    "apikeys",
    "artifactregistry",
    "billingbudgets",
    "cloudbuild",
    "cloudfunctions",
    "cloudkms",
    "cloudresourcemanager",
    "cloudscheduler",
    "eventarc",
    "eventarcpublishing",
    "fcm",
    "firebase",
    "firebasehosting",
    "firebaserules",
    "firestore",
    "iam",
    "iamcredentials",
    "identitytoolkit",
    "logging",
    "monitoring",
    "pubsub",
    "run",
    "secretmanager",
    "servicecontrol",
    "servicemanagement",
    "storage",
    "sts",
    "telemetry",
    "workflowexecutions",
    "workflows",
)
"""The services of Google Cloud that every stack uses."""


def services() -> tuple[str, ...]:
    """Return those that are used: by every stack, and by the ports that its functions name."""
    ports = frozenset[type]().union(*(one.ports for one in runtimes()))
    asked = (OF_PORTS.get(port, ()) for port in ports)
    return tuple(sorted(frozenset(SERVICES).union(*asked)))


def declare(stack: Stack) -> None:
    """Declare the whole environment."""
    enabled: list[pulumi.Resource] = [
        projects.Service(name, service=f"{name}.googleapis.com", disable_on_destroy=False)
        for name in services()
    ]
    _after(enabled)
    identities = accounts.declare(stack)
    kept = vault.declare(stack, identities)
    stores = buckets.declare(stack, kept, identities)
    stored = records.declare(stack)
    broker = messages.announce(stack, identities)
    deployed = functions.declare(stack, identities, kept, stored)
    messages.declare(stack, identities, deployed, broker, stored, stores)
    engine.declare(stack, identities, deployed)
    door = gateway.declare(stack, identities, deployed)
    site.declare(stack, kept)
    watching.declare(stack, stores, door)
    pulumi.export("api", pulumi.Output.concat("https://", door.default_hostname))
    pulumi.export("site", stack.site)
    pulumi.export("image", stack.image)


def _after(enabled: list[pulumi.Resource]) -> None:
    """Have everything else wait for the services that it needs."""

    def wait(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if args.resource in enabled:
            return None
        after = pulumi.ResourceOptions(depends_on=enabled)
        return pulumi.ResourceTransformationResult(
            args.props, pulumi.ResourceOptions.merge(args.opts, after)
        )

    pulumi.runtime.register_stack_transformation(wait)
