"""Going back to the author, giving up, breaking down."""

import pytest

from functions.agents.cancel_workflow import Cancellation, cancel_workflow
from functions.agents.fail_workflow import Breakdown, fail_workflow
from functions.agents.get_workflow import get_workflow
from functions.agents.request_agent_changes import AgentChanges, request_agent_changes
from functions.agents.wake_stage import wake_stage
from functions.agents.withdraw_approval import withdraw_approval
from shared.actors import Role
from shared.agents.rules import lifecycle
from shared.approvals.models.approvals import ApprovalStatus
from shared.errors import (
    AlreadyDecided,
    Conflict,
    Forbidden,
)
from shared.waiting import Wait
from tests.agents.catalogue import CALLBACK
from tests.agents.seen import approval, get, last_event


def ask_for_changes(story, role, at=0.0):
    body = AgentChanges(changes=["Name who answers for clinical claims."])
    return request_agent_changes(story.call_as(role, at=at), story.agent_id, body)


def test_changes_asked_for_at_stage_6_answer_the_question(story, reacting):
    question = story.ask(story.to_stage(6).request)
    ask_for_changes(story, Role.GOVERNOR)
    for _ in range(2):
        withdraw_approval(reacting(f"agents/{story.agent_id}"), last_event(story))
    after = approval(story)
    assert (after.status, after.decided_by) == (ApprovalStatus.CHANGES_REQUESTED, "governor")
    answer = story.settle(6, question.id)
    assert (answer.result, answer.next_stage, answer.request) == ("returned", 2, None)


def test_nothing_is_asked_of_a_stage_where_the_agent_is_not(story):
    request = story.to_stage(6).request
    ask_for_changes(story, Role.GOVERNOR)
    with pytest.raises(Conflict, match="does not wait"):
        story.ask(request)


def test_what_was_decided_meanwhile_is_not_sent_back(story):
    story.approve(story.ask(story.to_stage(6).request))
    with pytest.raises(AlreadyDecided) as refused:
        ask_for_changes(story, Role.GOVERNOR)
    assert refused.value.members["decided_by"] == "governor"
    assert refused.value.members["decided"] == "approve"
    assert story.run().current_stage == 6


def test_a_reviewer_who_sends_it_back_withdraws_what_the_governor_is_asked(story):
    story.to_stage(4)
    story.judge(4, "ARCH-2", "escalate")
    story.judge(4, "ARCH-4")
    answer = story.settle(4)
    question = story.ask(answer.request)
    ask_for_changes(story, Role.SYSTEMS_ARCHITECT)
    assert approval(story).status is ApprovalStatus.CANCELLED
    assert story.settle(4, question.id).next_stage == 2


def test_the_reviewer_of_the_moment_may_send_it_back_and_no_other(story):
    story.to_stage(4)
    with pytest.raises(Forbidden):
        ask_for_changes(story, Role.GENESIS)
    assert ask_for_changes(story, Role.SYSTEMS_ARCHITECT).current_stage == 2
    with pytest.raises(Conflict, match="not under review"):
        ask_for_changes(story, Role.GOVERNOR)


def cancel(story):
    body = Cancellation(reason="The customer no longer needs it.")
    return cancel_workflow(story.call_as(Role.ADMIN), story.workflow_id, body)


def test_withdrawing_a_run_wakes_whatever_waits_for_it(story, reacting, workflows):
    story.to_stage(3)
    assert cancel(story).failure_code == "cancelled"
    for _ in range(2):
        wake_stage(reacting(f"agents/{story.agent_id}"), last_event(story), workflows)
    assert workflows.woken == [CALLBACK]
    assert get(story, Wait, story.workflow_id) is None
    answer = story.settle(3)
    assert (answer.result, answer.next_stage, answer.wait_s) == ("failed", None, 0)
    with pytest.raises(Conflict, match="nothing more happens"):
        cancel(story)


def test_withdrawing_a_run_withdraws_what_the_governor_was_asked(story, reacting):
    story.ask(story.to_stage(6).request)
    cancel(story)
    withdraw_approval(reacting(f"agents/{story.agent_id}"), last_event(story))
    assert approval(story).status is ApprovalStatus.CANCELLED


def test_a_stage_that_passed_withdraws_nothing(story, reacting):
    question = story.ask(story.to_stage(6).request)
    passed = last_event(story)
    assert passed.result == "passed"
    withdraw_approval(reacting(f"agents/{story.agent_id}"), passed)
    assert approval(story) == question


def test_a_release_under_way_is_not_cancelled(story):
    story.to_stage(7)
    with pytest.raises(Conflict, match="roll it back"):
        cancel(story)


def test_a_workflow_that_breaks_down_fails_closed_and_once(story):
    story.to_stage(3)
    for _ in range(2):
        run = fail_workflow(story.service(), story.workflow_id, Breakdown(reason="error 500"))
    assert (run.status, run.failure_code) == ("failed", "workflow_error")
    assert story.agent().status == "rejected"
    with pytest.raises(Conflict, match="another execution"):
        story.begin("e9")


def test_after_the_end_a_workflow_learns_how_it_ended(story):
    story.to_stage(3)
    cancel(story)
    assert story.settle(3).result == "failed"
    assert get_workflow(story.call_as(Role.VIEWER), story.workflow_id).over


def test_a_run_that_never_moved_says_so():
    from shared.agents.rules import pipeline
    from tests.agents.test_rules import opened

    run = opened()
    assert not lifecycle.moved(run, run)
    assert pipeline.overdue(run, at=run.created_at) is run
