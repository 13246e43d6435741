"""A veto undoes what it hit: the run, the release, or the return to service."""

import pytest

from functions.agents.cancel_workflow import Cancellation, cancel_workflow
from functions.agents.get_pipeline import get_pipeline
from functions.agents.get_workflow import get_workflow
from functions.agents.undo_release import undo_release
from functions.approvals.create_veto import Objection, create_veto
from functions.approvals.reject_approval import Rejection, reject_approval
from shared.actors import Role
from shared.agents.models.agents import Agent
from shared.agents.models.parts import Released
from shared.agents.models.releases import Release
from shared.approvals.events.vetoes import VetoRecorded
from shared.approvals.models.approvals import Approval
from shared.approvals.models.vetoes import Veto
from shared.approvals.rules import requests
from shared.documents import Query
from shared.errors import AlreadyDecided, Conflict, NotFound
from shared.evidence import Entry
from shared.manifests.models.manifests import Manifest
from tests.agents.catalogue import Kept
from tests.agents.test_releases import OTHER, deployed, get, released
from tests.agents.test_stopping import question, resume, suspend
from tests.approvals.questions import EXAMPLE
from tests.conftest import NOON

WHY = "The agent quotes a dose that no source supports."


def objection(**about):
    return Objection(category="safety", explanation=WHY, **about)


def veto(story, at=30.0, **about):
    return create_veto(story.call_as(Role.GOVERNOR, at=at), objection(**about))


def undo(reacting, record, at=31.0):
    undo_release(reacting(f"vetoes/{record.id}", at=at), VetoRecorded.of(record))


def actions(documents):
    found = documents.find(None, Query(Entry.collection))
    return [snapshot.data["action"] for snapshot in found]


def test_a_first_release_that_is_vetoed_is_taken_back_and_its_agent_rejected(
    story, reacting, documents
):
    _, at = deployed(story, reacting)
    record = veto(story, at=at + 1, approval_id=story.run().approval_id)
    assert (record.effect, record.effect_completed_at) == ("rolled_back", None)
    assert get(story, Approval, record.approval_id).status == "consumed"
    undo(reacting, record, at=at + 2)
    agent = story.agent()
    assert (agent.status, agent.release_state, agent.deployed_version) == (
        "rejected",
        "failed",
        None,
    )
    assert story.run().status == "completed"
    assert get(story, Manifest, agent.id).status == "suspended"
    done = get(story, Veto, record.id)
    assert (done.effect_completed_at - done.received_at).total_seconds() <= 300
    undo(reacting, done, at=at + 3)
    assert actions(documents).count("rollback.completed") == 1
    assert actions(documents).count("veto.effect_completed") == 1


def test_an_agent_with_a_version_before_goes_back_to_it(story, reacting):
    made, at = deployed(story, reacting)
    with story.call_as(Role.ADMIN, at=at).transaction() as txn:
        agent, newer = txn.get(Agent, story.agent_id), txn.get(Release, made)
        second = newer.model_copy(update={"id": OTHER, "release_version": "1.1.0", "audit": None})
        entry = Released(
            version="1.1.0", release_id=OTHER, deployed_at=NOON, approver="a", reason="evolved"
        )
        history = (*agent.version_history, entry)
        changes = {"release_id": OTHER, "version_history": history, "deployed_version": "1.1.0"}
        txn.create(second, Kept())
        txn.save(agent.model_copy(update=changes), Kept())
    undo(reacting, veto(story, at=at + 1, run_id=OTHER), at=at + 2)
    agent = story.agent()
    assert (agent.status, agent.release_id, agent.deployed_version) == ("deployed", made, "1.0.0")
    assert get(story, Release, OTHER).rolled_back_for == "governor_override"


@pytest.mark.parametrize("name", ["run", "release"])
def test_a_run_is_vetoed_by_its_id_or_by_that_of_its_release(story, reacting, name):
    made, at = deployed(story, reacting)
    record = veto(story, at=at + 1, run_id=story.workflow_id if name == "run" else made)
    assert record.approval_id == story.run().approval_id
    assert (record.run_id, record.effect) == (story.workflow_id, "rolled_back")
    undo(reacting, record, at=at + 2)
    assert story.agent().status == "rejected"


def test_a_release_under_way_is_taken_back_and_its_run_ended(story, reacting):
    released(story)
    record = veto(story, approval_id=story.run().approval_id)
    undo(reacting, record)
    assert (story.run().status, story.agent().status) == ("rolled_back", "rejected")
    assert get(story, Veto, record.id).effect_completed_at


def test_what_was_approved_and_not_yet_released_never_is(story, reacting):
    story.to_stage(7)
    record = veto(story, approval_id=story.run().approval_id)
    assert record.effect == "never_sent"
    undo(reacting, record)
    assert (story.run().status, story.run().failure_code) == ("failed", "cancelled")
    assert story.agent().status == "rejected"


def test_a_veto_of_what_waits_is_left_to_the_waiting_workflow(story, reacting):
    asked = story.ask(story.to_stage(6).request)
    record = veto(story, at=1, approval_id=asked.id)
    undo(reacting, record, at=2)
    assert story.run().status == "awaiting_approval"
    story.settle(6, asked.id, at=3)
    assert story.agent().status == "rejected"


def test_a_run_that_nobody_approved_yet_is_ended(story, reacting):
    story.to_stage(3)
    record = veto(story, run_id=story.workflow_id)
    assert (record.approval_id, record.effect) == (None, "cancelled")
    assert veto(story, run_id=story.workflow_id) == record
    with pytest.raises(AlreadyDecided):
        create_veto(
            story.call_as(Role.GOVERNOR),
            Objection(run_id=story.workflow_id, category="budget", explanation=WHY),
        )
    undo(reacting, record)
    assert (story.run().status, story.agent().status) == ("failed", "rejected")
    assert get(story, Veto, record.id).effect_completed_at
    undo(reacting, record)


def test_a_run_that_ended_without_effect_leaves_nothing_to_veto(story):
    story.to_stage(3)
    call = story.call_as(Role.AGENT_ORCHESTRATOR)
    cancel_workflow(call, story.workflow_id, Cancellation(reason="No longer needed by anybody."))
    with pytest.raises(Conflict):
        veto(story, run_id=story.workflow_id)
    with pytest.raises(NotFound):
        veto(story, run_id="99999999-9999-4999-8999-999999999999")


def test_an_agent_that_came_back_is_stopped_again(story, reacting):
    _, at = deployed(story, reacting)
    asked = story.ask(question(story, suspend(story, at=at + 1)), at=at + 2)
    story.approve(asked, at=at + 3)
    resume(story, asked.id, at=at + 4)
    record = veto(story, at=at + 5, approval_id=asked.id)
    undo(reacting, record, at=at + 6)
    assert story.agent().status == "suspended"
    assert get(story, Manifest, story.agent_id).status == "suspended"
    assert get(story, Veto, record.id).effect_completed_at
    undo(reacting, record, at=at + 7)


def test_a_return_that_was_vetoed_before_it_happened_changes_nothing(story, reacting):
    _, at = deployed(story, reacting)
    asked = story.ask(question(story, suspend(story, at=at + 1)), at=at + 2)
    story.approve(asked, at=at + 3)
    undo(reacting, veto(story, at=at + 5, approval_id=asked.id), at=at + 6)
    assert story.agent().status == "suspended"


def test_what_is_not_of_an_agent_is_left_to_others(story, reacting):
    gone = {"gate": "change", "agent_id": "99999999-9999-4999-8999-999999999999"}
    asked = story.ask(EXAMPLE | gone | {"approval_class": "crm.update:HC:crm", "agent_id": None})
    record = veto(story, at=1, approval_id=asked.id)
    undo(reacting, record, at=2)
    kinds = requests.EVIDENCE_OF_CLASS["agent.reactivate"]
    shown = [{"kind": k, "ref": f"reports/{k}", "sha256": "1" * 64} for k in kinds]
    back = {"approval_class": "agent.reactivate:HC:JOB-HC-001", "evidence_refs": shown}
    back = story.ask(EXAMPLE | gone | back)
    undo(reacting, veto(story, at=1, approval_id=back.id), at=2)


def test_the_pipeline_names_the_veto_and_whose_word_ended_it(story, reacting):
    _, at = deployed(story, reacting)
    look = get_pipeline(story.call_as(Role.VIEWER), story.agent_id)
    assert (look.outcome, look.because, look.veto_id) == ("in_service", None, None)
    assert get_workflow(story.call_as(Role.VIEWER), story.workflow_id).veto_id is None
    record = veto(story, at=at + 1, approval_id=story.run().approval_id)
    undo(reacting, record, at=at + 2)
    look = get_pipeline(story.call_as(Role.VIEWER), story.agent_id)
    assert (look.outcome, look.veto_id) == ("vetoed", record.id)
    assert WHY in look.because
    assert get_workflow(story.call_as(Role.VIEWER), story.workflow_id).veto_id == record.id


def test_the_pipeline_says_why_it_was_sent_back(story):
    story.to_stage(3)
    story.judge(3, "CERT-6", "fail")
    look = get_pipeline(story.call_as(Role.VIEWER), story.agent_id)
    assert look.stages[2].refused == ("CERT-6: Looked at closely.",)
    assert (look.outcome, look.completeness) == ("under_way", 100)


def test_the_pipeline_says_that_an_agent_was_rejected_and_by_whom(story):
    asked = story.ask(story.to_stage(6).request)
    why = Rejection(reason="The rollback plan was never tested.")
    reject_approval(story.call_as(Role.GOVERNOR, at=1), asked.id, why)
    story.settle(6, asked.id, at=2)
    look = get_pipeline(story.call_as(Role.VIEWER), story.agent_id)
    assert look.outcome == "rejected"
    assert "never tested" in look.because
