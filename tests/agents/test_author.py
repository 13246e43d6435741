"""Whichever way an agent comes back or ends, its author reads what to change, or why, and whose word that is."""

import pytest

from functions.agents.cancel_workflow import Cancellation, cancel_workflow
from functions.agents.get_pipeline import get_pipeline
from functions.agents.request_agent_changes import AgentChanges, request_agent_changes
from functions.agents.undo_release import undo_release
from functions.approvals.create_veto import Objection, create_veto
from functions.approvals.reject_approval import Rejection, reject_approval
from functions.approvals.request_approval_changes import WantedChanges, request_approval_changes
from functions.approvals.tell_of_no import tell_of_no
from functions.mobile.list_notifications import InboxQuery, list_notifications
from functions.mobile.tell_author import tell_author
from local.story import blueprints
from shared.actors import Role
from shared.agents.events.lifecycle import AuthorConcerned
from shared.approvals.events.lifecycle import ApprovalRejected
from shared.approvals.events.vetoes import VetoRecorded
from shared.approvals.models.approvals import Approval
from shared.promises import Due

WANTED = "Name who answers for claims."
WHY = "This agent is not needed here, as another one does the same."


def changes(story, stage, role):
    story.to_stage(stage)
    body = AgentChanges(changes=[WANTED])
    return request_agent_changes(story.call_as(role, at=1), story.agent_id, body)


def answered(story, answer, body):
    asked = story.ask(story.to_stage(6).request)
    answer(story.call_as(Role.GOVERNOR, at=1), asked.id, body)
    story.settle(6, asked.id, at=2)


def failed(story):
    story.to_stage(3)
    story.judge(3, "CERT-6", "fail", at=1)


def refused_by_code(story):
    body = blueprints.blueprint(story.role, story.skills)
    body["test_evidence"] = []
    story.create()
    story.begin()
    story.submit(body)
    story.settle(2, at=1)


def concern(story):
    story.to_stage(5)
    story.judge(5, "ETH-1", "fail", at=1)
    for n in range(2, 6):
        story.judge(5, f"ETH-{n}", at=1)
    asked = story.ask(story.settle(5, at=1).request)
    body = WantedChanges(changes=[WANTED])
    request_approval_changes(story.call_as(Role.GOVERNOR, at=1), asked.id, body)
    story.settle(5, asked.id, at=2)


def vetoed(story, reacting):
    story.to_stage(4)
    body = Objection(run_id=story.workflow_id, category="safety", explanation=WHY)
    veto = create_veto(story.call_as(Role.GOVERNOR, at=1), body)
    undo_release(reacting(f"vetoes/{veto.id}", at=2), VetoRecorded.of(veto))


def withdrawn(story):
    story.to_stage(4)
    call = story.call_as(Role.ADMIN, id="somebody", at=1)
    cancel_workflow(call, story.workflow_id, Cancellation(reason=WHY))


BACK = {
    "a reviewer": (lambda story: changes(story, 3, Role.GENESIS), WANTED),
    "the Governor, while it is reviewed": (lambda story: changes(story, 4, Role.GOVERNOR), WANTED),
    "the Governor, when asked": (
        lambda story: answered(story, request_approval_changes, WantedChanges(changes=[WANTED])),
        WANTED,
    ),
    "a verdict": (failed, "CERT-6: Looked at closely."),
    "the Governor, about a concern": (concern, WANTED),
}
ENDED = {
    "a rejection": (
        lambda story, _: answered(story, reject_approval, Rejection(reason=WHY)),
        "not needed here",
    ),
    "somebody else": (lambda story, _: withdrawn(story), "cancelled"),
    "a veto": (vetoed, "not needed here"),
}


def told(story, reacting):
    """Do whatever tells of it, and return what the author's inbox shows."""
    with story.call_as(Role.ADMIN).transaction() as txn:
        dues = txn.loosely("a test looks").all(Due)
        asked = txn.loosely("a test looks").all(Approval)
    for one in dues:
        if one.action == AuthorConcerned.traits.action:
            event = AuthorConcerned.from_stored(one.data, one.data_version)
            tell_author(reacting(f"agents/{story.agent_id}", at=3), event)
    for one in asked:
        if one.no is not None:
            tell_of_no(reacting(f"approvals/{one.id}", at=3), ApprovalRejected.of(one))
    author = story.run().initiated_by
    reader = story.call_as(Role.ADMIN, id=author, at=4)
    return [one for one in list_notifications(reader, InboxQuery()).items if one.audience == author]


@pytest.mark.parametrize("way", BACK)
def test_an_author_reads_what_to_change(story, reacting, way):
    act, words = BACK[way]
    act(story)
    (one,) = told(story, reacting)
    assert one.title.startswith("Sent back: ")
    assert words in one.body
    assert not one.over
    look = get_pipeline(story.call_as(Role.VIEWER, at=4), story.agent_id)
    assert any(words in change for change in look.sent_back.changes)
    assert story.run().sent_back == look.sent_back


@pytest.mark.parametrize("way", ENDED)
def test_an_author_reads_why_it_ended(story, reacting, way):
    act, words = ENDED[way]
    act(story, reacting)
    (one,) = told(story, reacting)
    assert words in one.body
    assert one.title.startswith(("Ended: ", "Rejected: "))


def test_who_ended_it_themselves_is_told_nothing(story, reacting):
    story.to_stage(4)
    call = story.call_as(Role.ADMIN, id=story.run().initiated_by, at=1)
    cancel_workflow(call, story.workflow_id, Cancellation(reason=WHY))
    assert told(story, reacting) == []


def test_what_was_reviewed_before_it_came_back_is_to_be_passed_again(story):
    changes(story, 5, Role.GOVERNOR)
    look = get_pipeline(story.call_as(Role.VIEWER, at=2), story.agent_id)
    assert [point.result for point in look.stages] == [
        "passed",
        "running",
        "pending",
        "pending",
        "returned",
        "pending",
        "pending",
    ]
    assert [point.stage for point in look.stages if point.void] == [3, 4]
    assert (look.percent, look.sent_back.stage) == (14, 5)


def test_the_same_once_more_is_told_as_the_same_and_the_notice_as_over(story, reacting):
    changes(story, 3, Role.GENESIS)
    assert story.submit(at=2).unchanged
    (one,) = told(story, reacting)
    assert one.over
    assert story.run().sent_back.changes == (WANTED,)


def test_what_was_mended_is_told_as_changed(story):
    changes(story, 3, Role.GENESIS)
    body = blueprints.blueprint(story.role, story.skills)
    body["deployment_plan"]["steps"].append("Tell the helpdesk.")
    assert not story.submit(body, at=2).unchanged
