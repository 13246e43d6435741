"""What the platform itself has to ask about an agent: whoever puts it restates the records, and changes nothing of it."""

from typing import TYPE_CHECKING

from shared.agents.actions.makers import is_id
from shared.approvals.models.questions import ApprovalRequest
from shared.errors import Conflict
from shared.operation import Call

if TYPE_CHECKING:
    from shared.manifests.models.manifests import Manifest

WHY = "agents and their runs are the platform's, and say what is asked about them"
_THE_ASKERS = frozenset(
    {"summary", "rationale", "alternatives", "risks", "evidence_refs", "rollback_plan_ref"}
    | {"on_behalf_of", "window_min"}
)
"""What nobody but the asker knows of a reactivation: why it may be, and how soon it is needed."""


def check(call: Call, request: ApprovalRequest) -> "Manifest | None":
    """
    Make sure that what lets an agent go on, go live or come back is asked as the records have it.

    What is about no agent that there is leads to nothing, and is left to whoever is asked. Returns the agent's
    manifest, where it had to be read.

    Raises:
        Conflict: The agent does not wait for the Governor there.
        Invalid: It says something else than the records.
    """
    staged = request.subject_kind == "pipeline_stage"
    named = request.subject.get("agent_id" if staged else "entity")
    id = str(named).removeprefix("agents/")
    if not is_id(id) or not (staged or request.subject.get("change") == "reactivation"):
        return None
    from shared.agents.actions import asking
    from shared.agents.models.agents import Agent
    from shared.agents.models.creation import Story
    from shared.agents.models.runs import PipelineRun
    from shared.agents.rules import questions
    from shared.approvals.rules import binding
    from shared.manifests.models.manifests import Manifest

    with call.platform(WHY) as platform:
        agent = platform.get_or_none(Agent, id)
        if agent is None:
            return None
        run, manifest = (
            platform.get(PipelineRun, agent.workflow_id),
            platform.get_or_none(Manifest, agent.id),
        )
        stage = request.subject.get("stage")
        if manifest is None or (
            staged and not (questions.asks(run) and run.current_stage == stage)
        ):
            raise Conflict("the agent does not wait for the Governor there", rule="stage_conflict")
        role = asking.job_role(platform, run, agent)
    if staged:
        recorded = questions.question(Story(run, agent, manifest), run.current_stage, job_role=role)
        binding.asked_as(request, recorded, free=frozenset())
    else:
        recorded = questions.reactivation(agent, manifest, job_role=role)
        binding.asked_as(request, recorded, free=_THE_ASKERS)
    return manifest
