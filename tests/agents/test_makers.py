"""Who made an agent decides nothing about it: neither at a stage, nor when the Governor is asked."""

import pytest

from functions.agents.record_verdict import StageVerdict, record_verdict
from functions.agents.request_agent_changes import AgentChanges, request_agent_changes
from functions.agents.submit_me_wow import submit_me_wow
from functions.approvals.approve_approval import Agreement, approve_approval
from local.story import blueprints
from shared.actors import Role
from shared.agents.models.blueprint import Blueprint
from shared.errors import SelfApproval
from tests.agents.test_stopping import question

VERDICT = StageVerdict(check_code="CERT-6", verdict="pass", rationale="Looked at closely.")
CHANGES = AgentChanges(changes=("Name who answers for clinical claims.",))


@pytest.fixture
def written(story, call_as):
    """An agent that one person asked for and another one described."""
    story.create()
    story.begin()
    body = blueprints.blueprint(story.role, story.skills)
    call = call_as(Role.AGENT_ORCHESTRATOR, id="ann")
    submit_me_wow(call, story.workflow_id, Blueprint.model_validate(body))
    story.settle(2)
    story.settle(3)
    return story


def in_the_hands_of(call, person):
    held = call.actor.model_copy(update={"same_hands": frozenset({person})})
    object.__setattr__(call, "actor", held)
    return call


def test_a_judge_in_an_authors_hands_judges_nothing_of_theirs(written, call_as):
    for person in ("ann", "agent_orchestrator"):
        judge = in_the_hands_of(call_as(Role.GENESIS), person)
        with pytest.raises(SelfApproval):
            record_verdict(judge, written.workflow_id, 3, VERDICT)
    record_verdict(call_as(Role.GENESIS), written.workflow_id, 3, VERDICT)


@pytest.mark.parametrize("id", ["ann", "agent_orchestrator"])
def test_an_author_does_not_send_it_back_as_the_governor(written, call_as, id):
    with pytest.raises(SelfApproval):
        request_agent_changes(call_as(Role.GOVERNOR, id=id), written.agent_id, CHANGES)


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("id", ["ann", "agent_orchestrator"])
def test_an_author_does_not_decide_about_it_as_the_governor(written, call_as, id, named):
    agent = written.agent()
    asked = question(written, agent)
    if not named:
        other = {"agent_id": agent.id, "change": "another"}
        asked |= {"agent_id": None, "subject": asked["subject"] | other}
    asked = written.ask(asked)
    agreed = Agreement(expected_digest=asked.action_digest)
    with pytest.raises(SelfApproval):
        approve_approval(call_as(Role.GOVERNOR, id=id), asked.id, agreed)
    assert approve_approval(call_as(Role.GOVERNOR), asked.id, agreed).status == "approved"
