"""What a late veto took out of service, where nobody else could confirm it: a yes returns it, a no does not."""

import pytest

from functions.agents.undo_release import undo_release
from functions.approvals.create_veto import Objection, create_veto
from functions.approvals.reject_approval import Rejection, reject_approval
from shared.actors import Role
from shared.agents.models.agents import Agent
from shared.agents.models.releases import Release
from shared.agents.rules import lifecycle
from shared.approvals.events.questions import ReturnGranted
from shared.approvals.events.vetoes import VetoRecorded
from shared.approvals.models.approvals import Approval
from shared.approvals.models.vetoes import Veto
from shared.manifests.models.manifests import Manifest
from tests.agents.catalogue import Kept
from tests.agents.test_releases import deployed, get
from tests.agents.test_stopping import question, resume, suspend
from tests.agents.test_undo_release import WHY, actions, undo

DAY = 24 * 60


def taken_out(story, reacting, approval_id, at):
    """Have a veto count that came too late, with nobody there to confirm it."""
    from functions.mobile.sync_vetoes import QueuedItems, sync_vetoes
    from shared.edge.keys import verify_ed25519
    from shared.identity.rules.members import member
    from tests.conftest import NOON
    from tests.mobile.phone import Phone

    phone = Phone(story.call_as).register()
    seen = get(story, Approval, approval_id)
    with story.call_as(Role.ADMIN).transaction() as txn:
        txn.create(member("governor", {Role.GOVERNOR}, NOON))
    item = phone.queue(seen, at=at)
    body = QueuedItems(items=(item,))
    (result,) = sync_vetoes(phone.call(at + DAY + 90), body, verify_ed25519).results
    assert result.result == "applied", result
    veto = get(story, Veto, result.veto_id)
    undo(reacting, veto, at=at + DAY + 91)
    return get(story, Veto, result.veto_id), at + DAY + 92


@pytest.fixture
def out(story, reacting):
    _, at = deployed(story, reacting)
    return taken_out(story, reacting, story.run().approval_id, at + 1)


def carry_out(reacting, asked, at):
    undo_release(reacting(f"approvals/{asked.id}", at=at), ReturnGranted(agent_id=asked.agent_id))


def test_it_is_out_of_service_at_once_and_the_return_is_asked(story, out, documents):
    veto, _ = out
    agent, asked = story.agent(), get(story, Approval, veto.return_approval_id)
    assert (agent.status, agent.release_state) == ("suspended", "failed")
    assert asked.open
    assert asked.step.seats == ("governor",)
    assert not asked.parties & {"governor"}
    assert actions(documents).count("agent.rolled_back") == 1


def test_a_yes_returns_it_once(story, reacting, out, documents):
    veto, at = out
    asked = story.approve(get(story, Approval, veto.return_approval_id), at=at)
    for _ in range(2):
        carry_out(reacting, asked, at + 1)
    agent = story.agent()
    assert (agent.status, agent.release_state, agent.monitoring) == ("deployed", "live", "elevated")
    assert get(story, Release, agent.release_id).traffic_percent == 100
    assert get(story, Manifest, agent.id).status == "deployed"
    assert get(story, Veto, veto.id).lifted_at
    assert get(story, Approval, asked.id).status == "consumed"
    assert actions(documents).count("veto.lifted") == 1


def test_a_no_leaves_it_out(story, reacting, out):
    veto, at = out
    why = Rejection(reason="The dose was wrong indeed.")
    reject_approval(story.call_as(Role.GOVERNOR, at=at), veto.return_approval_id, why)
    assert story.agent().status == "suspended"
    assert get(story, Veto, veto.id).lifted_at is None


def test_what_was_specified_again_since_does_not_return_as_it_was(story, reacting, out):
    veto, at = out
    with story.call_as(Role.ADMIN, at=at).transaction() as txn:
        before = txn.get(Agent, story.agent_id)
        txn.save(before.model_copy(update={"workflow_id": veto.id}), Kept())
    asked = story.approve(get(story, Approval, veto.return_approval_id), at=at)
    carry_out(reacting, asked, at + 1)
    assert story.agent().status == "suspended"
    closed = get(story, Approval, asked.id)
    assert (closed.status, closed.unused.why, closed.unused.owner) == (
        "expired",
        "nobody_waits",
        "governor",
    )


def test_a_question_of_that_name_that_the_platform_did_not_ask_returns_nothing(
    story, reacting, out
):
    _, at = out
    agent = story.agent()
    subject = lifecycle.reactivation(agent) | {"change": "return"}
    named = {"approval_class": "agent.return:HC:JOB-HC-001", "subject": subject}
    other = question(story, agent, evidence_refs=[], **named)
    asked = story.approve(story.ask(other, at=at), at=at)
    carry_out(reacting, asked, at + 1)
    assert story.agent().status == "suspended"
    assert get(story, Approval, asked.id).unused


def test_a_return_can_be_vetoed_too(story, reacting, out):
    veto, at = out
    asked = story.approve(get(story, Approval, veto.return_approval_id), at=at)
    carry_out(reacting, asked, at + 1)
    body = Objection(approval_id=asked.id, category="safety", explanation=WHY)
    again = create_veto(story.call_as(Role.GOVERNOR, at=at + 2), body)
    undo(reacting, again, at=at + 3)
    assert story.agent().status == "suspended"
    assert get(story, Veto, again.id).effect_completed_at


def test_a_late_veto_of_a_reactivation_stops_it_and_a_yes_resumes_it(story, reacting):
    _, at = deployed(story, reacting)
    asked = story.ask(question(story, suspend(story, at=at + 1)), at=at + 2)
    story.approve(asked, at=at + 3)
    resume(story, asked.id, at=at + 4)
    veto, at = taken_out(story, reacting, asked.id, at + 5)
    assert story.agent().status == "suspended"
    back = story.approve(get(story, Approval, veto.return_approval_id), at=at)
    carry_out(reacting, back, at + 1)
    assert (story.agent().status, len(story.agent().version_history)) == ("deployed", 1)


def test_what_was_recorded_twice_is_undone_and_asked_once(story, reacting, out, documents):
    veto, at = out
    undo_again = VetoRecorded.of(veto)
    undo_release(reacting(f"vetoes/{veto.id}", at=at), undo_again)
    assert actions(documents).count("rollback.completed") == 1
    assert actions(documents).count("veto.effect_completed") == 1
