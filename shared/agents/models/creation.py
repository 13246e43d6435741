"""One run of the pipeline, the agent that it makes and its manifest, as they belong together."""

from dataclasses import replace

from shared.agents.models.agents import Agent
from shared.agents.models.runs import PipelineRun
from shared.manifests.models.manifests import Manifest
from shared.records import dataclass


@dataclass(frozen=True)
class Story:
    """A run of the pipeline, the agent it makes, and that agent's manifest once there is one."""

    run: PipelineRun
    agent: Agent
    manifest: Manifest | None

    @property
    def submitted(self) -> Manifest:
        """The manifest of a run that is past stage 2."""
        if self.manifest is None:
            raise LookupError(f"the run {self.run.id} has no manifest")
        return self.manifest

    def at(self, run: PipelineRun) -> "Story":
        """Return the story as it goes on with another state of the run."""
        return replace(self, run=run)
