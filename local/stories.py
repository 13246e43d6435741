"""What an execution of the pipeline is about: which agent, how far it is, and how it ended, in words."""

import json
from typing import NamedTuple

from shared.agents.models import Agent
from shared.agents.parts import STAGES
from shared.agents.runs import Failure, PipelineRun
from shared.approvals.models import Approval
from shared.documents import Documents, Key
from shared.identity import PLATFORM

_WAITED_FOR = {
    2: "its author, to submit how it works",
    3: "Genesis, to certify it",
    4: "the Systems Architect, to review it",
    5: "the Vision Guardian, to review it",
    6: "the Governor, to approve it",
    7: "its release, to prove healthy: about half an hour",
}
_FAILED: dict[Failure, str] = {
    "author_timeout": "nobody submitted in time",
    "verdict_missing": "a verdict is missing",
    "certification_refusal": "not certified",
    "architecture_revision_required": "architecture refused",
    "third_failure": "failed three times",
    "ethics_concern": "ethics refused",
    "deployment_blocked": "not approved",
    "release_failed": "rolled back",
    "cancelled": "withdrawn",
    "workflow_error": "broke down",
}
_DECIDED = {"vetoed", "rejected", "expired", "cancelled"}
_GOOD = {"deployed"}


class Story(NamedTuple):
    """One agent's way through the pipeline, as a page tells it."""

    agent_id: str
    agent: str
    tenant: str
    stage: str
    waits_for: str
    """Whom or what it waits for; nothing once it is over."""

    outcome: str
    """How it ended; nothing while it goes on."""

    @property
    def good(self) -> bool:
        """Whether the agent is in service."""
        return self.outcome in _GOOD

    def matches(self, asked: str) -> bool:
        """Say whether every word that somebody asks for is in it."""
        told = " ".join(self).lower()
        return all(word in told for word in asked.lower().split())


class Stories:
    """Tells them from the platform's documents."""

    def __init__(self, documents: Documents) -> None:
        """Read from *documents*."""
        self._documents = documents

    def of(self, argument: str) -> Story | None:
        """Tell what an execution is about, by its argument; nothing where it makes no agent."""
        given = json.loads(argument or "null")
        if not isinstance(given, dict) or not isinstance(given.get("workflow_id"), str):
            return None
        found = self._documents.get(Key(PLATFORM, PipelineRun.collection, given["workflow_id"]))
        if found is None:
            return None
        run = PipelineRun.from_stored(found.data)
        read = self._documents.get(Key(PLATFORM, Agent.collection, run.agent_id))
        if read is None:
            return None
        agent = Agent.from_stored(read.data)
        name = (
            STAGES[run.current_stage]
            .replace("me_wow_authoring", "way of working")
            .replace("_", " ")
        )
        return Story(
            agent_id=agent.id,
            agent=agent.name,
            tenant=agent.customer_id or agent.tenant_id,
            stage=f"stage {run.current_stage} of 7, {name}",
            waits_for="" if run.over else _WAITED_FOR.get(run.current_stage, ""),
            outcome=self._outcome(run, agent) if run.over else "",
        )

    def _outcome(self, run: PipelineRun, agent: Agent) -> str:
        if run.status == "completed":
            back = agent.release_state in {"failed", "rolled_back"}
            return "rolled back" if back else agent.status
        if run.failure_code == "deployment_blocked" and run.approval_id:
            asked = self._documents.get(Key(PLATFORM, Approval.collection, run.approval_id))
            if asked and asked.data["status"] in _DECIDED:
                return str(asked.data["status"])
        return _FAILED.get(run.failure_code, "ended") if run.failure_code else "ended"
