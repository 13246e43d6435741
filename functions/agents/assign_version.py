from typing import Literal

from pydantic import ConfigDict

from shared.actors import PLATFORM, Scope
from shared.agents.models.agents import Agent
from shared.entity import Hex64, Id, Value
from shared.examples import MANIFEST_HASH
from shared.manifests import rules
from shared.manifests.events import ManifestVersionAssigned
from shared.manifests.models.manifests import Manifest
from shared.operation import Call, operation


class VersionRequest(Value):
    """Which manifest gets a version."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"manifest_hash": MANIFEST_HASH}]})

    manifest_hash: Hex64
    """The manifest's `manifest_hash`, as the Governor approved it."""


class Versioned(Value):
    """The version of a release, and what it takes to put it out."""

    agent_id: Id
    """The agent whose manifest got the version."""
    version: str
    """The version that the manifest has from now on."""
    classification: Literal["evolution"] = "evolution"
    """How far a change goes; a first release is always an evolution."""
    bump: Literal["major"] = "major"
    """Which part of the version was raised."""
    required_approvals: tuple[str, ...] = (
        "genesis",
        "systems_architect",
        "vision_guardian",
        "governor",
    )
    """Whose approvals a change of this classification needs."""
    strategy: Literal["blue_green"] = "blue_green"
    """How the release is put out: beside the one before, then traffic moves over."""
    breaking: bool = False
    """Whether users of the version before must change something."""


@operation(
    "POST",
    "/v1/agents/{agent_id}/version",
    scopes={Scope.AGENTS_DECIDE, Scope.AGENTS_RUN},
    tenant=PLATFORM,
)
def assign_version(call: Call, agent_id: Id, body: VersionRequest) -> Versioned:
    """
    Assign the version of the release that an agent's pipeline makes.

    Assigning it twice changes nothing. What is in service gets its versions from the classification of a
    change.
    """
    with call.transaction() as txn:
        agent = txn.get(Agent, agent_id)
        before = txn.get(Manifest, agent_id)
        after = rules.versioned(
            before,
            agent.manifest_version,
            manifest_hash=body.manifest_hash,
            in_service=agent.release_state == "live",
        )
        if after != before:
            event = ManifestVersionAssigned(
                agent_id=agent_id,
                version_from=before.manifest_version,
                version_to=after.manifest_version,
                manifest_hash=after.manifest_hash,
            )
            after = txn.save(after, event)
    return Versioned(agent_id=agent_id, version=after.manifest_version)
