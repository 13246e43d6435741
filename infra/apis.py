"""Which services of Google Cloud are asked: by the resources of a stack, by what its functions do, and by the deployment."""

from collections.abc import Iterable, Mapping

from infra.graph import Resource
from shared.files import FileReader, FileRemover, Files
from shared.observability import Dependencies, Telemetry
from shared.outside import Models, Push, Workflows
from shared.ports import SecretReader, SecretWriter

OF_TYPES: Mapping[str, tuple[str, ...]] = {
    "apigateway": ("apigateway", "servicecontrol", "servicemanagement"),
    "artifactregistry": ("artifactregistry",),
    "billing": ("billingbudgets",),
    "cloudrunv2": ("run",),
    "cloudscheduler": ("cloudscheduler",),
    # Firestore hands what happens to Eventarc's publishing side.
    "eventarc": ("eventarc", "eventarcpublishing"),
    "firebase": ("firebase",),
    "firebase.HostingSite": ("firebasehosting",),
    "firebaserules": ("firebaserules",),
    "firestore": ("firestore",),
    "iam": ("iam",),
    "identityplatform": ("identitytoolkit",),
    "kms": ("cloudkms",),
    "logging": ("logging",),
    "monitoring": ("monitoring",),
    "projects.ApiKey": ("apikeys",),
    "projects.IAMCustomRole": ("iam",),
    "projects.IAMMember": ("cloudresourcemanager",),
    # What switches services on is on in every project.
    "projects.Service": (),
    "projects.ServiceIdentity": (),
    "pubsub": ("pubsub",),
    "secretmanager": ("secretmanager",),
    "serviceaccount": ("iam",),
    "storage": ("storage",),
    "workflows": ("workflows",),
}
"""What the making of a resource asks, by its type, or else by its module."""

OF_PORTS: Mapping[type, tuple[str, ...]] = {
    Dependencies: ("pubsub", "workflows"),
    # A link is signed by the account itself, whose key Google keeps.
    FileReader: ("iamcredentials", "storage"),
    FileRemover: ("storage",),
    Files: ("storage",),
    Models: ("aiplatform",),
    Push: ("fcm",),
    SecretReader: ("secretmanager",),
    SecretWriter: ("secretmanager",),
    Telemetry: ("monitoring", "telemetry"),
    Workflows: ("workflowexecutions",),
}
"""What a function asks, by the ports that it names; those that are not here ask no service by name."""

OF_DEPLOYMENT: Mapping[str, str] = {
    "billingbudgets": "keeps the budget of whoever has one",
    "cloudbuild": "builds the image",
    "cloudfunctions": "deploys one function by hand",
    "iamcredentials": "lets the pipeline act as its account",
    "sts": "takes the pipeline's token",
}
"""What is asked besides, and what for."""


def asked_by(one: Resource) -> tuple[str, ...] | None:
    """Return what the making of a resource asks, or None where nobody has said."""
    if one.type == "projects.ServiceIdentity":
        return (str(one.inputs["service"]).removesuffix(".googleapis.com"),)
    return OF_TYPES.get(one.type, OF_TYPES.get(one.type.partition(".")[0]))


def asked_at_all(graph: Iterable[Resource], ports: Iterable[type]) -> frozenset[str]:
    """Return everything that is asked: by the resources, by the ports, and by the deployment."""
    of_resources = (asked_by(one) or () for one in graph)
    of_ports = (OF_PORTS.get(port, ()) for port in ports)
    return frozenset(OF_DEPLOYMENT).union(*of_resources, *of_ports)
