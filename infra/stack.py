"""What a stack decides: one Google Cloud project for each environment, and the names in it."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast, get_args

import pulumi

Environment = Literal["dev", "staging", "prod"]

ROOT = Path(__file__).parents[1]

IMAGES = "functions"
"""The repository of the images, in each project."""

STATE_KEY = "pulumi/state"
"""The key ring and the key, in the region of the stack, that its secrets are kept with: made by hand (docs/runbooks/deploy.md)."""

_DIGEST = re.compile(r"[a-z0-9][a-z0-9./:_-]*@sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Stack:
    """One environment, as its configuration says."""

    environment: Environment
    project: str
    project_number: str
    region: str
    gateway_region: str
    """Where the gateway is: API Gateway is not in every region."""

    image: str
    """What every function runs, by its digest."""

    billing_account: str
    alerts_to: str
    """The address that alerts are sent to."""

    monthly_budget: int | None
    """What a month may cost, in the currency of the billing account; without it there is no budget."""

    max_instances: int
    warm_instances: int
    """Instances of the approval path that are kept running."""

    origins: tuple[str, ...] = ()
    """Web origins that may call besides the platform's own."""

    repository: str = ""
    """The repository whose pipeline may deploy, as ``owner/name``; none without."""

    promotes_to: str = ""
    """The project of the stack after this one, whose pipeline takes its images; none without."""

    releases: str = ""
    """Where a release answers its health probe; ``{release_id}`` stands for its id."""

    models: str = ""
    """Which language models there are, and their prices: JSON of `shared.edge.language_models.Table`; none without."""

    sign_in: dict[str, str] = field(default_factory=dict)
    """The client ids of the providers of sign-in, by provider: ``google.com``, ``github.com``."""

    controllers: dict[str, list[str]] = field(default_factory=dict)
    """The people who control a machine identity, by its name: `genesis`, or `service:workflows`."""

    @property
    def production(self) -> bool:
        """Whether what is written here must outlive everybody's mistakes."""
        return self.environment == "prod"

    def address(self, name: str) -> str:
        """Return where a function is, which Cloud Run makes of its name before there is one."""
        return f"https://{name}-{self.project_number}.{self.region}.run.app"

    @property
    def site(self) -> str:
        """The origin of the hosted site."""
        return f"https://{self.project}.web.app"

    def document(self, path: str) -> str:
        """Return where a document of the repository is read."""
        at = f"https://github.com/{self.repository}/blob/main/" if self.repository else ""
        return f"{at}docs/{path}"

    def topic(self, name: str) -> str:
        """Return the full name of a topic."""
        return f"waooaw-{self.environment}-{name}"

    def subscription(self, topic: str, consumer: str) -> str:
        """Return the name of a subscription, off which its topic and its consumer can be read."""
        return f"{self.topic(topic)}--{consumer}"

    def bucket(self, name: str) -> str:
        """Return the name of a bucket, which no other project has."""
        return f"{self.project}-{name}"


def state_key(project: str, region: str) -> str:
    """Return the full name of the key that a stack's secrets are kept with."""
    ring, _, key = STATE_KEY.partition("/")
    return f"projects/{project}/locations/{region}/keyRings/{ring}/cryptoKeys/{key}"


def configured() -> Stack:
    """
    Read the stack that Pulumi runs the program for.

    Raises:
        RunError: Its configuration lacks something.
    """
    environment = pulumi.get_stack()
    if environment not in get_args(Environment):
        raise pulumi.RunError(f"{environment} is no environment; use dev, staging or prod")
    ours, gcp = pulumi.Config("waooaw"), pulumi.Config("gcp")
    budget = None if ours.require("monthlyBudget") == "none" else ours.require_int("monthlyBudget")
    return Stack(
        environment=cast("Environment", environment),
        project=gcp.require("project"),
        project_number=ours.require("projectNumber"),
        region=gcp.require("region"),
        gateway_region=ours.require("gatewayRegion"),
        image=_by_digest(ours.require("image")),
        billing_account="" if budget is None else ours.require("billingAccount"),
        alerts_to=ours.require("alertsTo"),
        monthly_budget=budget,
        max_instances=ours.require_int("maxInstances"),
        warm_instances=ours.require_int("warmInstances"),
        origins=tuple(ours.get_object("origins") or ()),
        repository=ours.get("repository") or "",
        promotes_to=ours.get("promotesTo") or "",
        releases=ours.get("releases") or "",
        models=json.dumps(ours.get_object("models")) if ours.get_object("models") else "",
        sign_in=dict(ours.get_object("signIn") or {}),
        controllers=dict(ours.get_object("controllers") or {}),
    )


def _by_digest(image: str) -> str:
    if not _DIGEST.fullmatch(image):
        raise pulumi.RunError(
            f"{image} does not say which image runs; name it by its digest, as IMAGE@sha256:…"
        )
    return image
