"""Through the seven stages by way of the operations, in the order the workflow asks for."""

import pytest

from functions.agents.cancel_workflow import Cancellation, cancel_workflow
from functions.agents.fail_workflow import Breakdown, fail_workflow
from functions.agents.get_pipeline import get_pipeline
from functions.agents.get_workflow import get_workflow
from functions.agents.request_agent_changes import AgentChanges, request_agent_changes
from functions.agents.start_pipeline import start_pipeline
from functions.agents.wake_stage import wake_stage
from functions.agents.withdraw_approval import withdraw_approval
from functions.approvals.cancel_approval import Withdrawal, cancel_approval
from functions.approvals.reject_approval import Rejection, reject_approval
from functions.approvals.request_approval_changes import WantedChanges, request_approval_changes
from local.story import blueprints
from shared.agents import lifecycle
from shared.agents.models import AgentCreated, AgentPipelineStageCompleted, AgentStateChanged
from shared.approvals.models import Approval, ApprovalStatus
from shared.errors import (
    AlreadyDecided,
    ApprovalMismatch,
    Conflict,
    Forbidden,
    Invalid,
    SelfApproval,
)
from shared.evidence import Entry
from shared.identity import Role
from shared.manifests.models import Manifest, ManifestSnapshot
from shared.waiting import Wait
from tests.agents.catalogue import CALLBACK, JUDGED

KINDS = {
    kind.traits.action: kind
    for kind in (AgentCreated, AgentPipelineStageCompleted, AgentStateChanged)
}


def last_event(story):
    with story.call_as(Role.ADMIN).transaction() as txn:
        entry = txn.find(Entry, order="-eseq", limit=1, entity=f"agents/{story.agent_id}").items[0]
    return KINDS[entry.action].model_validate(entry.data)


def get(story, kind, id):
    with story.call_as(Role.ADMIN).transaction() as txn:
        return txn.peek(kind, id)


def approval(story):
    with story.call_as(Role.ADMIN).transaction() as txn:
        return txn.find(Approval, workflow_id=story.workflow_id).items[-1]


def reject(story, question, at=0.0):
    body = Rejection(reason="This agent is not needed here.")
    return reject_approval(story.call_as(Role.GOVERNOR, at=at), question.id, body)


def changes_wanted(story, question):
    body = WantedChanges(changes=["Name who answers for claims."])
    return request_approval_changes(story.call_as(Role.GOVERNOR), question.id, body)


# --- the happy path ------------------------------------------------------------------------------


def test_a_new_agent_starts_its_workflow(story, reacting, workflows):
    agent = story.create()
    reaction = reacting(f"agents/{agent.id}")
    start_pipeline(reaction, last_event(story), workflows)
    argument = {
        "workflow_id": story.workflow_id,
        "agent_id": agent.id,
        "correlation_id": reaction.correlation_id,
        "traceparent": "",
    }
    assert workflows.started == [("agent_creation", argument)]


def test_each_stage_waits_for_its_evaluator_and_leads_to_the_next(story):
    story.create()
    begun = story.begin()
    assert (begun.decision, begun.next_stage, begun.wait_s) == ("wait", 2, 1440 * 60)
    story.submit()
    answer = story.settle(2)
    for stage in JUDGED:
        assert (answer.decision, answer.next_stage, answer.wait_s) == ("pass", stage, 120 * 60)
        assert story.review(stage).current_stage == stage + 1
        answer = story.settle(stage)
    assert (answer.next_stage, answer.wait_s) == (6, 0)
    kinds = [evidence["kind"] for evidence in answer.request["evidence_refs"]]
    assert kinds == [
        "agent_blueprint_certified",
        "architecture_review_summary",
        "ethics_clearance",
        "deployment_plan_with_rollback",
    ]
    question = story.approve(story.ask(answer.request))
    settled = story.settle(6, question.id)
    assert (settled.result, settled.next_stage) == ("passed", 7)
    assert story.agent().approval_id == question.id
    assert story.agent().release_state == "approved"


def test_certification_makes_the_manifest_immutable_and_keeps_it_under_its_hash(story):
    story.to_stage(4)
    manifest = get(story, Manifest, story.agent_id)
    snapshot = get(story, ManifestSnapshot, manifest.manifest_hash)
    assert manifest.status == "certified"
    assert snapshot.content == manifest.content
    assert story.agent().certification_id == snapshot.certification.certification_id
    assert story.agent().status == "certified"


def test_the_timeline_shows_how_far_it_is(story, call_as):
    story.to_stage(4)
    timeline = get_pipeline(call_as(Role.GOVERNOR), story.agent_id)
    assert [point.result for point in timeline.stages] == [
        *["passed"] * 3,
        "running",
        *["pending"] * 3,
    ]
    assert timeline.stages[3].waiting_for == ("ARCH-2", "ARCH-4")
    assert timeline.percent == 42


# --- one execution, one turn ---------------------------------------------------------------------


def test_a_second_execution_is_turned_away(story):
    story.create()
    story.begin("e1")
    assert story.begin("e1").next_stage == 2
    with pytest.raises(Conflict, match="another execution"):
        story.begin("e2")


def test_a_stage_that_is_open_stays_as_it_is_with_its_deadline(story):
    first = story.to_stage(3)
    again = story.settle(3, at=10)
    assert (again.decision, again.next_stage) == ("wait", 3)
    assert again.idempotency_key == first.idempotency_key
    assert again.wait_s == first.wait_s - 600


def test_a_workflow_that_was_woken_for_nothing_writes_nothing(story):
    story.to_stage(3)
    before = story.run()
    story.settle(3, at=10)
    assert story.run() == before


def test_an_author_who_was_quicker_than_the_workflow_is_not_waited_for(story):
    story.create()
    story.submit()
    answer = story.begin()
    assert (answer.result, answer.next_stage, answer.wait_s) == ("passed", 3, 120 * 60)


def test_no_stage_is_settled_before_its_turn(story):
    story.create()
    story.begin()
    for stage in (3, 4, 5, 6, 7):
        with pytest.raises(Conflict, match="at stage 2"):
            story.settle(stage)


def test_a_stage_that_was_not_entered_has_nothing_to_settle(story):
    story.create()
    story.submit()
    with pytest.raises(Conflict, match="not entered"):
        story.settle(3)


def test_a_callback_elsewhere_is_refused(story):
    story.create()
    with pytest.raises(Invalid):
        story.begin(callback="https://evil.example")


# --- stage 2 -------------------------------------------------------------------------------------


def test_what_is_incomplete_stays_with_its_author_and_names_the_gaps(story):
    story.create()
    answer = story.submit(blueprints.incomplete(story.role, story.skills))
    assert answer.completeness == 80
    assert {gap.section for gap in answer.gaps} == set(blueprints.GAPS)
    assert answer.current_stage == 2
    assert story.submit().current_stage == 3


def test_what_is_under_review_cannot_be_submitted_again(story):
    story.create()
    story.submit()
    with pytest.raises(Conflict, match="what is reviewed cannot be changed"):
        story.submit()


def test_a_report_without_its_digest_is_refused(story):
    story.create()
    body = blueprints.blueprint(story.role, story.skills)
    body["test_evidence"][0]["sha256"] = "f" * 64
    with pytest.raises(Invalid, match="digest"):
        story.submit(body)


def test_an_author_who_never_writes_ends_the_run(story):
    story.create()
    story.begin()
    assert story.settle(2, at=60).wait_s == 1380 * 60
    answer = story.settle(2, at=1440)
    assert (answer.result, answer.next_stage, answer.wait_s) == ("failed", None, 0)
    assert story.run().failure_code == "author_timeout"
    assert story.agent().status == "rejected"


# --- stage 3 to 5 --------------------------------------------------------------------------------


def test_the_verdict_that_was_missing_wakes_the_workflow(story, reacting, workflows):
    story.to_stage(3)
    story.review(3)
    wake_stage(reacting(f"agents/{story.agent_id}"), last_event(story), workflows)
    assert workflows.woken == [CALLBACK]
    assert get(story, Wait, story.workflow_id).url == CALLBACK


def test_an_approval_wakes_the_workflow_by_its_own_callback(story, reacting, workflows):
    story.to_stage(7)
    assert last_event(story).stage == 6
    wake_stage(reacting(f"agents/{story.agent_id}"), last_event(story), workflows)
    assert workflows.woken == []


def test_a_machine_check_that_fails_sends_it_back_at_once(story):
    story.create()
    story.begin()
    story.submit(blueprints.uncertifiable(story.role, story.skills))
    answer = story.settle(2)
    assert (answer.decision, answer.next_stage, answer.wait_s) == ("wait", 2, 1440 * 60)
    refused = story.settle(3)
    assert (refused.result, refused.next_stage) == ("returned", 2)
    assert set(blueprints.UNCERTIFIABLE) <= set(refused.checks)
    assert story.settle(2).attempt == 2
    story.submit()
    assert story.settle(2).next_stage == 3
    assert story.settle(3).attempt == 2


def test_a_return_voids_what_was_reviewed_since(story):
    story.to_stage(4)
    story.judge(4, "ARCH-2", "fail")
    run = story.judge(4, "ARCH-4")
    assert run.current_stage == 2
    assert run.evidence == ()
    assert all(record.superseded for record in run.stages if record.stage in {3, 4})
    agent = story.agent()
    assert (agent.status, agent.certification_id, agent.creation_stage) == ("draft", None, 2)
    answer = story.settle(4)
    assert (answer.result, answer.next_stage) == ("returned", 2)


def again_to_stage_4(story):
    story.submit()
    story.settle(2)
    story.review(3)
    story.settle(3)


def test_the_third_failure_of_the_architecture_goes_to_the_governor(story):
    story.to_stage(4)
    for _ in range(2):
        story.judge(4, "ARCH-2", "fail")
        story.judge(4, "ARCH-4")
        again_to_stage_4(story)
    story.judge(4, "ARCH-2", "fail")
    run = story.judge(4, "ARCH-4")
    assert (run.status, run.stages[-1].failure_code) == ("awaiting_approval", "third_failure")
    answer = story.settle(4)
    assert (answer.decision, answer.request["gate"]) == ("escalate", "stage-4")


def concern(story, verdict="fail", **more):
    story.to_stage(5)
    for code in JUDGED[5][:-1]:
        story.judge(5, code)
    story.judge(5, JUDGED[5][-1], verdict, **more)
    return story.ask(story.settle(5).request)


@pytest.mark.parametrize("verdict", ["fail", "escalate"])
def test_an_ethics_concern_goes_to_the_governor_who_may_have_it_revised(story, verdict):
    question = changes_wanted(story, concern(story, verdict))
    answer = story.settle(5, question.id)
    assert (answer.result, answer.next_stage) == ("returned", 2)
    assert story.agent().status == "draft"


def test_an_ethics_concern_may_end_the_agent(story):
    question = reject(story, concern(story))
    answer = story.settle(5, question.id)
    assert (answer.result, answer.next_stage) == ("failed", None)
    assert story.agent().status == "rejected"


def test_a_deceptive_pattern_is_a_concern_even_under_a_pass(story):
    concern(story, "pass", patterns=("scope_creep",))
    assert story.settle(5).patterns == ("scope_creep",)
    assert story.run().alignment_score == 80


def test_a_reviewer_may_have_it_reclassified(story):
    story.to_stage(3)
    run = story.judge(3, "CERT-6", "escalate")
    assert run.stages[-1].failure_code == "reclassify"
    question = story.approve(story.ask(story.settle(3).request))
    assert story.settle(3, question.id).next_stage == 2


def test_without_a_verdict_in_time_the_run_is_blocked_and_the_governor_told(story):
    story.to_stage(3)
    with pytest.raises(Conflict, match="time for verdicts"):
        story.judge(3, "CERT-6", at=120)
    answer = story.settle(3, at=120)
    assert story.run().status == "blocked"
    assert answer.request["urgency"] == "immediate"
    assert answer.request["window_min"] == 1440


def test_a_blocked_run_that_nobody_resolves_fails(story, call_as):
    story.to_stage(3)
    question = story.ask(story.settle(3, at=120).request, at=120)
    with call_as(Role.SERVICE, at=1600).transaction() as txn:
        before = txn.get(Approval, question.id)
        from shared.approvals import rules
        from shared.approvals.events import ApprovalExpired

        after = rules.expire(before, at=call_as(at=1600).now, decision_version=0)
        txn.save(after, ApprovalExpired.of(after))
    answer = story.settle(3, question.id, at=1600)
    assert (answer.result, story.run().failure_code) == ("failed", "verdict_missing")


@pytest.mark.parametrize("role", [Role.SYSTEMS_ARCHITECT, Role.VISION_GUARDIAN, Role.ADMIN])
def test_only_the_stage_s_evaluator_judges_it(story, role):
    from functions.agents.record_verdict import StageVerdict, record_verdict

    story.to_stage(3)
    body = StageVerdict(check_code="CERT-6", verdict="pass", rationale="Looked at closely.")
    with pytest.raises(Forbidden):
        record_verdict(story.call_as(role), story.workflow_id, 3, body)


def test_nobody_judges_what_they_made_themselves(story, call_as):
    from functions.agents.record_verdict import StageVerdict, record_verdict

    story.to_stage(3)
    body = StageVerdict(check_code="CERT-6", verdict="pass", rationale="Looked at closely.")
    with pytest.raises(SelfApproval):
        record_verdict(call_as(Role.GENESIS, id="agent_orchestrator"), story.workflow_id, 3, body)


def test_a_verdict_stays_and_only_judgements_are_judged(story):
    story.to_stage(5)
    story.judge(5, "ETH-1")
    with pytest.raises(Conflict, match="a verdict stays"):
        story.judge(5, "ETH-1", "fail")
    with pytest.raises(Invalid, match="ETH-1, ETH-2"):
        story.judge(5, "CERT-1")


def test_a_stage_that_is_not_open_is_not_judged(story):
    story.create()
    story.submit()
    with pytest.raises(Conflict, match="not open"):
        story.judge(3, "CERT-6")


# --- stage 6 -------------------------------------------------------------------------------------


def test_a_rejection_ends_the_agent(story):
    question = reject(story, story.ask(story.to_stage(6).request))
    answer = story.settle(6, question.id)
    assert (answer.result, answer.next_stage) == ("failed", None)
    assert story.run().failure_code == "deployment_blocked"


def test_what_the_author_says_stands_as_theirs_below_what_was_verified(story):
    first, *_, said = story.to_stage(6).request["summary"].splitlines()
    assert first.startswith("Genesis certified it")
    assert said.startswith("> ")


def test_a_withdrawn_question_is_no_refusal(story):
    question = story.ask(story.to_stage(6).request)
    withdrawal = Withdrawal(reason="The workflow was cancelled.")
    cancel_approval(story.service(0), question.id, withdrawal)
    assert story.settle(6, question.id).result == "failed"
    assert story.run().failure_code == "cancelled"
    assert story.agent().status == "rejected"


def test_the_governor_may_have_it_changed(story):
    question = changes_wanted(story, story.ask(story.to_stage(6).request))
    assert story.settle(6, question.id).next_stage == 2
    assert story.run().approval_id is None


def test_an_open_question_settles_nothing(story):
    question = story.ask(story.to_stage(6).request)
    with pytest.raises(Conflict, match="not decided"):
        story.settle(6, question.id)


def test_an_approval_of_something_else_settles_nothing(story):
    request = story.to_stage(6).request
    request["subject"] = request["subject"] | {"spec_hash": "f" * 64}
    question = story.approve(story.ask(request))
    with pytest.raises(ApprovalMismatch):
        story.settle(6, question.id)


# --- going back, giving up, breaking down --------------------------------------------------------


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
    from shared.agents import pipeline
    from tests.agents.test_rules import opened

    run = opened()
    assert not lifecycle.moved(run, run)
    assert pipeline.overdue(run, at=run.created_at) is run
