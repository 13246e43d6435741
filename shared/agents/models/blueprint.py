"""What an author submits of an agent."""

from typing import Annotated

from pydantic import ConfigDict, Field

from shared.agents import examples
from shared.agents.models.me_wow import MeWow
from shared.agents.models.parts import DeploymentPlan
from shared.entity import Value
from shared.genesis.models.evidence import TestEvidence
from shared.manifests.models.manifests import ManifestContent


class Blueprint(Value):
    """A way of working, the manifest that follows from it, and the tests that speak for both."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.example()]})

    me_wow: MeWow
    """The way of working, in its ten sections; what is missing is answered as a gap."""
    manifest: ManifestContent
    """What the agent may use and do; everything that is not listed is denied."""
    test_evidence: Annotated[tuple[TestEvidence, ...], Field(max_length=20)]
    """Reports of tests that ran elsewhere."""
    deployment_plan: DeploymentPlan
    """How the release is to be put out and taken back."""


# A run has the same way of working, and a manifest the same content: they are built once, and not inside of each.
MeWow.model_rebuild()
ManifestContent.model_rebuild()
