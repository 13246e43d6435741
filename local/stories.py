"""What an execution of the pipeline is about: which agent, how far it is, how it ended and why, in words."""

import json
from typing import NamedTuple

from local import walk
from shared.actors import PLATFORM, Role
from shared.agents.actions import objections
from shared.agents.models.agents import Agent
from shared.agents.models.parts import STAGES
from shared.agents.models.runs import Failure, PipelineRun, StageRecord
from shared.agents.rules import timeline
from shared.approvals.models.approvals import Approval
from shared.approvals.models.vetoes import Veto
from shared.documents import Documents, Key
from shared.genesis.rules.codes import CODES
from shared.queries import Reads

_WAITED_FOR = {
    2: "its author, to submit how it works",
    3: "Genesis, to certify it",
    4: "the Systems Architect, to review it",
    5: "the Vision Guardian, to review it",
    6: "the Governor, to approve it",
    7: f"its release, to prove healthy: {walk.WATCHED}",
}
_FAILED: dict[Failure, str] = {
    "author_timeout": "nobody submitted in time",
    "verdict_missing": "a verdict is missing",
    "certification_refusal": "not certified",
    "architecture_revision_required": "architecture refused",
    "third_failure": "failed three times",
    "ethics_concern": "ethics refused",
    "changes_requested": "changes were asked for",
    "deployment_blocked": "not approved",
    "release_failed": "its release did not prove healthy",
    "cancelled": "withdrawn",
    "workflow_error": "broke down",
}
_GOOD = {"deployed"}
_ASKS = {one.code: one.asks for one in CODES}


class Story(NamedTuple):
    """One agent's way through the pipeline, as a page tells it: who and which, and no words of anybody's."""

    agent_id: str
    agent: str
    tenant: str
    stage: str
    waits_for: str
    """Whom or what it waits for; nothing once it is over."""

    outcome: str
    """How it ended; nothing while it goes on."""

    why: str = ""
    """Who ended it or sent it back, and on what ground."""

    checks: tuple[tuple[str, str], ...] = ()
    """The checks that it did not pass, each with what it asks."""

    run_id: str = ""
    """The run of the pipeline."""

    question_id: str = ""
    """The question to the Governor; nothing where none is asked."""

    @property
    def good(self) -> bool:
        """Whether the agent is in service."""
        return self.outcome in _GOOD

    @property
    def told(self) -> dict[str, str]:
        """What says more to who is signed in, with the request for it."""
        found = {}
        if self.run_id:
            asked = walk.curl("agents.get_workflow", Role.GOVERNOR, workflow_id=self.run_id)
            found["each check, and what was said to it"] = asked
        if self.question_id:
            asked = walk.curl("approvals.get_approval", Role.GOVERNOR, approval_id=self.question_id)
            found["the question to the Governor, and the answer"] = asked
        return found

    def matches(self, asked: str) -> bool:
        """Say whether every word that somebody asks for is in it."""
        codes = (code for code, _ in self.checks)
        told = " ".join((*self[:7], *codes)).lower()
        return all(word in told for word in asked.lower().split())


class Stories:
    """Tells them from the platform's documents."""

    def __init__(self, documents: Documents) -> None:
        """Read from *documents*."""
        self._documents, self._reads = documents, Reads(documents, PLATFORM)

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
        agent, question = Agent.from_stored(read.data), self._question(run)
        veto = objections.against(self._reads, run, question) if run.over else None
        record = run.stages[-1] if run.over else _sent_back(run)
        return Story(
            agent_id=agent.id,
            agent=agent.name,
            tenant=agent.customer_id or agent.tenant_id,
            stage=f"stage {run.current_stage} of 7, {stage_name(STAGES[run.current_stage])}",
            waits_for="" if run.over else _WAITED_FOR.get(run.current_stage, ""),
            outcome=_outcome(agent, run, question, veto) if run.over else "",
            why=_why(run, record, question, veto),
            checks=_failed(record),
            run_id=run.id,
            question_id=run.approval_id or "",
        )

    def _question(self, run: PipelineRun) -> Approval | None:
        if run.approval_id is None:
            return None
        found = self._documents.get(Key(PLATFORM, Approval.collection, run.approval_id))
        return Approval.from_stored(found.data) if found else None


def stage_name(stage: str) -> str:
    """Return what people call a stage of the pipeline."""
    return stage.replace("me_wow_authoring", "way of working").replace("_", " ")


def _sent_back(run: PipelineRun) -> StageRecord | None:
    """Return the attempt from which a run that goes on came back to its author last."""
    back = [record for record in run.stages if record.result == "returned"]
    return back[-1] if back and run.current_stage == back[-1].next_stage else None


def _outcome(agent: Agent, run: PipelineRun, question: Approval | None, veto: Veto | None) -> str:
    """Say what came of a run that is over, and not of those that the agent went through since."""
    if run.status == "completed" and veto is None and agent.workflow_id != run.id:
        # What is in service is not specified anew: an agent in another run was taken out of it.
        return "rolled back"
    outcome = timeline.of(agent, run, question, veto).outcome
    if outcome == "in_service":
        return agent.status
    if outcome == "failed" and run.failure_code:
        return _FAILED.get(run.failure_code, "failed")
    return outcome.replace("_", " ")


def _why(
    run: PipelineRun, record: StageRecord | None, question: Approval | None, veto: Veto | None
) -> str:
    if veto is not None:
        return f"by {veto.issued_by}, for reasons of {veto.category}"
    if run.over and question is not None and question.decisions and run.status == "failed":
        return f"by {question.last.approver_id}"
    if run.over and question is not None and question.status == "expired":
        return "nobody answered in time"
    if record is None or record.failure_code is None:
        return ""
    said = _FAILED.get(record.failure_code, "")
    return said if run.over else f"back from stage {record.stage}, {said}"


def _failed(record: StageRecord | None) -> tuple[tuple[str, str], ...]:
    checks = record.checks if record else ()
    return tuple((one.code, _ASKS.get(one.code, "")) for one in checks if one.passed is False)
