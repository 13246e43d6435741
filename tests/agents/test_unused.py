"""Between the yes and the act: an approval has an owner, and nothing waits silently."""

import pytest

from functions.agents.end_stranded_run import end_stranded_run
from functions.agents.end_unstarted import end_unstarted
from functions.agents.fail_workflow import Breakdown, fail_workflow
from functions.agents.withdraw_approval import withdraw_approval
from functions.approvals.expire_approval import expire_approval
from functions.approvals.find_stranded import find_stranded
from functions.approvals.report_unused import report_unused
from functions.approvals.wake_workflow import wake_workflow
from shared.actors import Role
from shared.agents.events.lifecycle import AgentStateChanged
from shared.agents.events.workflows import RunStranded
from shared.agents.models.releases import Release
from shared.approvals.events.lifecycle import ApprovalDeadline, ApprovalExpired, ApprovalGranted
from shared.approvals.models.approvals import Approval
from shared.errors import ApprovalMismatch, Refusal
from shared.platform.models.incidents import Incident
from shared.waiting import Wait
from tests.agents.catalogue import CALLBACK, Kept
from tests.agents.test_releases import dues, get, release, released, version
from tests.approvals.questions import EXAMPLE
from tests.conftest import CALLBACKS

WAITING = CALLBACKS + "workflows/agent_creation/executions/e1/callbacks/approval"


def approved(story, at=1.0):
    """Lead an agent to the Governor's yes, for which its workflow waits."""
    asked = story.ask(story.to_stage(6).request | {"callback_url": WAITING})
    return story.approve(asked, at)


def woken(story, reacting, approval, at=2.0):
    event = ApprovalGranted.of(approval)
    wake_workflow(reacting(f"approvals/{approval.id}", at=at), event, story.workflows)


def told(story, reacting, approval, at=3.0):
    """Let everybody hear that an approval was closed."""
    after = get(story, Approval, approval.id)
    for react in (end_unstarted, report_unused):
        react(reacting(f"approvals/{after.id}", at=at), ApprovalExpired.of(after))
    return after


def incidents(story):
    with story.call_as(Role.ADMIN).transaction() as txn:
        return txn.all(Incident)


def test_a_workflow_that_is_gone_when_the_yes_comes_leaves_an_incident_with_a_name(story, reacting):
    approval = approved(story)
    story.workflows.gone.add(WAITING)
    woken(story, reacting, approval)
    after = told(story, reacting, approval)
    assert (after.status, after.unused.why) == ("expired", "nobody_waits")
    assert (story.run().status, story.agent().status) == ("failed", "rejected")
    (incident,) = incidents(story)
    assert incident.owner == after.unused.owner == story.run().initiated_by
    assert approval.id in incident.description
    told(story, reacting, approval)
    assert len(incidents(story)) == 1
    with pytest.raises(Refusal):
        release(story, at=4)


def test_a_workflow_that_is_there_goes_on(story, reacting):
    approval = approved(story)
    woken(story, reacting, approval)
    assert get(story, Approval, approval.id) == approval
    assert get(story, Wait, approval.id) is None
    woken(story, reacting, approval)
    assert get(story, Approval, approval.id).status == "approved"


def test_what_is_not_begun_in_its_time_is_closed_with_its_owner(story, reacting):
    approval = approved(story)
    late = 60 * 24
    event = ApprovalDeadline(decision_version=approval.decision_version)
    expire_approval(reacting(f"approvals/{approval.id}", at=late), event)
    after = told(story, reacting, approval, at=late)
    assert (after.status, after.unused.why) == ("expired", "not_started")
    assert story.agent().status == "rejected"
    assert incidents(story)[0].owner == story.run().initiated_by
    with pytest.raises(Refusal):
        story.settle(6, approval.id, at=late)
        release(story, at=late)


def test_a_run_that_breaks_down_before_the_act_leaves_no_yes_behind(story, reacting):
    approval = approved(story)
    story.settle(6, approval.id, at=2)
    fail_workflow(story.service(3), story.workflow_id, Breakdown(reason="it broke"))
    changed = AgentStateChanged(
        agent_id=story.agent_id,
        from_state="certified",
        to_state="rejected",
        reason="workflow_error",
        actor="service:workflows",
        workflow_id=story.workflow_id,
    )
    withdraw_approval(reacting(f"agents/{story.agent_id}", at=4), changed)
    assert told(story, reacting, approval).unused.why == "nobody_waits"
    assert len(incidents(story)) == 1


def test_what_does_not_fit_uses_nothing_up(story):
    story.to_stage(7)
    version(story)
    approval = get(story, Approval, story.run().approval_id)
    with story.call_as(Role.ADMIN).transaction() as txn:
        run = txn.get(type(story.run()), story.workflow_id)
        txn.save(run.model_copy(update={"evidence": run.evidence[:-1]}), Kept())
    with pytest.raises(ApprovalMismatch):
        release(story)
    assert get(story, Approval, approval.id) == approval


def test_a_run_whose_execution_is_gone_is_ended_and_its_release_taken_back(story, reacting):
    made = released(story)
    story.workflows.gone.add(CALLBACK)
    find_stranded(reacting(at=60), story.workflows)
    find_stranded(reacting(at=120), story.workflows)
    promised = [d for d in dues(story) if d.action == RunStranded.traits.action]
    for due in promised:
        event = RunStranded.model_validate(due.data)
        end_stranded_run(reacting(due.entity, at=121), event)
    assert (get(story, Release, made).state, story.run().status) == ("failed", "failed")
    (incident,) = incidents(story)
    assert incident.owner == story.run().initiated_by


def test_a_run_that_is_carried_out_is_left_alone(story, reacting):
    released(story)
    find_stranded(reacting(at=60), story.workflows)
    assert not [d for d in dues(story) if d.action == RunStranded.traits.action]


def test_what_merely_names_a_run_does_not_end_it(story, reacting):
    story.to_stage(7)
    other = story.approve(story.ask(EXAMPLE | {"workflow_id": story.workflow_id}))
    late = 60 * 24
    event = ApprovalDeadline(decision_version=other.decision_version)
    expire_approval(reacting(f"approvals/{other.id}", at=late), event)
    end_unstarted(
        reacting(f"approvals/{other.id}", at=late),
        ApprovalExpired.of(get(story, Approval, other.id)),
    )
    assert not story.run().over
