"""What was refused, vetoed or rolled back is no dead end: it is specified again, under its own name."""

import pytest

from functions.agents.revise_agent import revise_agent
from functions.agents.start_pipeline import start_pipeline
from functions.approvals.reject_approval import Rejection, reject_approval
from local.story import blueprints
from shared.actors import Role
from shared.agents.events.lifecycle import AgentRevised
from shared.agents.models.releases import Release
from shared.agents.models.requests import AgentContent
from shared.errors import Conflict, ConstitutionalAlignment
from shared.evidence import Entry
from shared.manifests.models.manifests import Manifest
from tests import answered
from tests.agents.test_releases import deployed, get, release, released, take_back, version

AGAIN = {"purpose": "Writes patient information for clinics, and nothing about single patients."}
KEPT_OUT = {"name", "industry_id", "governance_agent_id"}


def revise(story, at=0.0, **changes):
    spec = {k: v for k, v in blueprints.agent(story.role).items() if k not in KEPT_OUT}
    body = AgentContent.model_validate(spec | AGAIN | changes)
    begun = answered.body(
        revise_agent(story.call_as(Role.AGENT_ORCHESTRATOR, at=at), story.agent_id, body)
    )
    story.workflow_id = begun.workflow_id
    return begun.agent


def refused(story):
    """Lead an agent to the Governor, who says no."""
    answer = story.to_stage(6)
    asked = story.ask(answer.request)
    no = Rejection(reason="It would write about single patients.")
    reject_approval(story.call_as(Role.GOVERNOR), asked.id, no)
    story.settle(6, asked.id)
    assert story.agent().status == "rejected"


def again(story, at=0.0):
    """Lead the revised agent through every stage to its release."""
    story.begin(execution="e2", at=at)
    story.submit(at=at)
    story.settle(2, at=at)
    for n in (3, 4, 5):
        story.review(n, at)
        answer = story.settle(n, at=at)
    approval = story.approve(story.ask(answer.request, at), at)
    story.settle(6, approval.id, at)
    version(story, at=at)
    return release(story, at=at)


def test_a_refused_agent_passes_every_stage_again(story):
    refused(story)
    before = story.agent()
    agent = revise(story)
    assert (agent.status, agent.creation_stage, agent.purpose) == ("draft", 2, AGAIN["purpose"])
    assert (agent.id, agent.name) == (before.id, before.name)
    assert agent.workflow_id != before.workflow_id
    assert story.run().current_stage == 2
    made = again(story)
    assert (made.release_version, made.agent_id) == ("1.0.0", before.id)


def test_what_was_approved_before_is_void(story):
    released(story)
    take_back(story)
    story.settle(7)
    agent = revise(story)
    void = ("certification_id", "architecture_review_id", "ethics_review_id", "approval_id")
    assert [getattr(agent, name) for name in (*void, "release_id")] == [None] * 5


def test_a_release_after_one_that_was_taken_back_counts_on(story, reacting):
    first, at = deployed(story, reacting)
    take_back(story, at=at, trigger="governor_override", role=Role.GOVERNOR)
    assert story.agent().status == "suspended"
    revise(story, at=at)
    made = again(story, at=at)
    assert made.release_version == "2.0.0"
    assert get(story, Manifest, story.agent_id).status == "deployed"
    assert [one.release_id for one in story.agent().version_history] == [first]
    assert get(story, Release, first).state == "failed"


def test_a_version_is_assigned_once_also_the_second_time(story):
    released(story)
    take_back(story)
    story.settle(7)
    revise(story)
    story.begin(execution="e2")
    story.submit()
    story.settle(2)
    story.review(3)
    assert [version(story).version for _ in range(2)] == ["2.0.0", "2.0.0"]


def test_a_workflow_is_started_for_it(story, documents, reacting, workflows):
    refused(story)
    agent = revise(story)
    with story.call_as(Role.ADMIN).transaction() as txn:
        entries = [e for e in txn.all(Entry) if e.action == "agent.revised"]
    event = AgentRevised.model_validate(entries[-1].data)
    start_pipeline(reacting(entries[-1].entity), event, workflows)
    name, argument = workflows.started[-1][:2]
    assert (name, argument["workflow_id"]) == ("agent_creation", agent.workflow_id)


def test_what_is_under_review_is_not_specified_again(story):
    story.to_stage(3)
    with pytest.raises(Conflict, match="stage 3"):
        revise(story)


def test_what_serves_is_changed_by_a_new_version(story, reacting):
    deployed(story, reacting)
    with pytest.raises(Conflict, match="new version"):
        revise(story)


def test_the_first_stage_is_passed_again(story):
    refused(story)
    before = story.agent()
    with pytest.raises(ConstitutionalAlignment):
        revise(story, skills=[story.skills[0]["id"]] * 2)
    assert story.agent() == before


# --- names ---------------------------------------------------------------------------------------


def test_a_name_is_free_again_once_its_agent_was_refused(story):
    refused(story)
    first = story.agent()
    second = story.create()
    assert (second.name, second.id != first.id) == (first.name, True)
    story.agent_id = first.id
    with pytest.raises(Conflict, match=second.id):
        revise(story)


def test_a_revised_agent_has_its_name_again(story):
    refused(story)
    agent = revise(story)
    with pytest.raises(Conflict, match=agent.id):
        story.create()


def test_a_name_of_one_that_is_under_way_is_taken(story):
    agent = story.create()
    with pytest.raises(Conflict, match=agent.id):
        story.create()
