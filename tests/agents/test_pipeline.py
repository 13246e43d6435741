"""Through the seven stages by way of the operations, in the order the workflow asks for."""

import pytest

from functions.agents.get_pipeline import get_pipeline
from functions.agents.start_pipeline import start_pipeline
from functions.agents.wake_stage import wake_stage
from functions.approvals.cancel_approval import Withdrawal, cancel_approval
from functions.approvals.reject_approval import Rejection, reject_approval
from functions.approvals.request_approval_changes import WantedChanges, request_approval_changes
from local.story import blueprints
from shared.actors import Role
from shared.approvals.models.approvals import Approval
from shared.errors import (
    ApprovalMismatch,
    Conflict,
    Forbidden,
    Invalid,
    SelfApproval,
)
from shared.manifests.models.manifests import Manifest, ManifestSnapshot
from shared.waiting import Wait
from tests.agents.catalogue import CALLBACK, JUDGED
from tests.agents.seen import get, last_event
from tests.approvals.questions import EXAMPLE

OTHERWISE = (
    {"approval_class": "agent.deploy:FN:JOB-HC-001"},
    {"evidence_facts": {"data_classes": "", "integrations": ""}},
    {"title": "Look at the draft of a newsletter", "action_description": "Nothing leaves us."},
    {"agent_id": None, "workflow_id": None, "on_behalf_of": None},
    {"type": "artifact", "approval_class": "team.internal.track:HC:x", "gate": "step"},
    {"risk": "low", "window_min": 5},
    {"chain": {"name": "c", "steps": [{"roles": ["governor"], "escalate_to": [["genesis"]]}]}},
)


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
    with pytest.raises(Conflict, match="what was submitted is reviewed"):
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
        from shared.approvals.events.lifecycle import ApprovalExpired
        from shared.approvals.rules import decisions

        after = decisions.expire(before, at=call_as(at=1600).now, decision_version=0)
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


@pytest.mark.parametrize("otherwise", OTHERWISE, ids="+".join)
def test_whether_an_agent_goes_live_is_asked_as_the_run_says(story, otherwise):
    request = story.to_stage(6).request
    with pytest.raises(Invalid) as refused:
        story.ask(request | otherwise)
    named = [one.field for one in refused.value.violations if one.rule == "asked_otherwise"]
    assert named == sorted(otherwise)
    assert story.settle(6, story.approve(story.ask(request)).id).next_stage == 7


def test_an_approval_of_something_else_settles_nothing(story):
    story.to_stage(6)
    question = story.approve(story.ask(EXAMPLE))
    with pytest.raises(ApprovalMismatch):
        story.settle(6, question.id)
