"""An agent is stopped at once and started again only under an approval of exactly that."""

import pytest

from functions.agents.resume_agent import Reactivation, resume_agent
from functions.agents.suspend_agent import Suspension, suspend_agent
from shared.actors import Role
from shared.agents.models.releases import Release
from shared.agents.rules import lifecycle, probes, questions, releases
from shared.errors import (
    AlreadyDecided,
    ApprovalMismatch,
    ApprovalRequired,
    Conflict,
    Forbidden,
    Invalid,
)
from shared.manifests.models.manifests import Manifest
from shared.outside import Look
from tests.agents.catalogue import Kept
from tests.agents.test_releases import deployed, get, take_back
from tests.approvals.questions import EXAMPLE
from tests.conftest import NOON


def suspend(story, trigger="GOVERNOR-OVERRIDE", role=Role.GOVERNOR, at=20.0):
    body = Suspension(trigger=trigger, reason="A customer reports unchecked texts.")
    return suspend_agent(story.call_as(role, at=at), story.agent_id, body)


def resume(story, approval_id, at=20.0):
    body = Reactivation(approval_id=approval_id)
    return resume_agent(story.call_as(Role.GOVERNOR, at=at), story.agent_id, body)


def question(story, agent, **changes):
    kinds = ("root_cause_report", "remediation_report", "test_report", "genesis_clearance")
    shown = [{"kind": k, "ref": f"reports/{k}", "sha256": "1" * 64} for k in kinds]
    manifest = get(story, Manifest, agent.id)
    recorded = questions.reactivation(agent, manifest, job_role="JOB-HC-001")
    return recorded.to_stored() | {"evidence_refs": shown} | changes


def test_suspending_stops_the_agent_and_what_it_may_do(story, reacting):
    deployed(story, reacting)
    agent = suspend(story)
    assert (agent.status, agent.health_status) == ("suspended", "suspended")
    assert get(story, Manifest, agent.id).status == "suspended"
    with pytest.raises(Conflict, match="only a deployed agent"):
        suspend(story)


@pytest.mark.parametrize(
    ("trigger", "role"),
    [
        ("EXEC-BYPASS", Role.GENESIS),
        ("HEALTH-CRITICAL", Role.SYSTEMS_ARCHITECT),
        ("ETHICS-VIOLATION", Role.VISION_GUARDIAN),
    ],
)
def test_each_trigger_has_its_authority(story, reacting, trigger, role):
    deployed(story, reacting)
    with pytest.raises(Forbidden):
        suspend(story, trigger, Role.GOVERNOR)
    with pytest.raises(Forbidden):
        suspend(story, "GOVERNOR-OVERRIDE", role)
    assert suspend(story, trigger, role).status == "suspended"


def test_an_agent_that_is_not_in_service_cannot_be_suspended(story):
    story.create()
    with pytest.raises(Conflict):
        lifecycle.suspended(story.agent(), reason="because it is time")


def test_an_approval_of_exactly_that_puts_it_back_and_is_used_up(story, reacting):
    deployed(story, reacting)
    asked = story.approve(story.ask(question(story, suspend(story)), at=20), at=20)
    agent = resume(story, asked.id)
    assert (agent.status, agent.monitoring, agent.suspended_reason) == (
        "deployed",
        "elevated",
        None,
    )
    assert get(story, Manifest, agent.id).status == "deployed"
    suspend(story, at=21)
    with pytest.raises(AlreadyDecided):
        resume(story, asked.id, at=21)


def test_without_a_yes_it_stays_stopped(story, reacting):
    deployed(story, reacting)
    asked = story.ask(question(story, suspend(story)), at=20)
    with pytest.raises(ApprovalRequired):
        resume(story, asked.id)


@pytest.mark.parametrize(
    "otherwise",
    [
        {"approval_class": "agent.deploy:HC:JOB-HC-001", "gate": "step"},
        {"approval_class": "agent.reactivate:FN:JOB-HC-001"},
        {"agent_id": None},
        {"type": "artifact"},
        {"title": "Look at the draft"},
    ],
)
def test_its_return_is_asked_as_what_it_is(story, reacting, otherwise):
    deployed(story, reacting)
    with pytest.raises(Invalid) as refused:
        story.ask(question(story, suspend(story), **otherwise), at=20)
    assert {one.field for one in refused.value.violations} == otherwise.keys()


def test_an_approval_of_something_else_does_not_count(story, reacting):
    deployed(story, reacting)
    asked = story.ask(EXAMPLE, at=20)
    suspend(story)
    with pytest.raises(ApprovalMismatch, match="asked as something else"):
        resume(story, asked.id)


def test_an_agent_that_changed_since_it_was_approved_stays_stopped(story, reacting, call_as):
    deployed(story, reacting)
    agent = suspend(story)
    asked = story.approve(story.ask(question(story, agent), at=20), at=20)
    with call_as(Role.ADMIN, at=20).transaction() as txn:
        before = txn.get(type(agent), agent.id)
        txn.save(before.model_copy(update={"purpose": "Something else."}), Kept())
    with pytest.raises(ApprovalMismatch):
        resume(story, asked.id)


def test_what_is_not_suspended_is_not_resumed(story, reacting):
    deployed(story, reacting)
    agent = story.agent()
    asked = story.ask(question(story, agent), at=20)
    with pytest.raises(Conflict, match="only a suspended agent"):
        resume(story, asked.id)


def test_nothing_resumes_without_a_release(story, reacting):
    _, at = deployed(story, reacting)
    take_back(story, at=at, trigger="governor_override")
    with pytest.raises(Conflict, match="no live release"):
        governor = story.call_as(Role.GOVERNOR).actor
        lifecycle.resumed(story.agent(), by=governor, makers=(), at=NOON)


def test_a_probe_does_not_call_a_suspended_agent_healthy(story, reacting):
    made, _ = deployed(story, reacting)
    agent = suspend(story)
    watch = releases.tallied(
        releases.watching(get(story, Release, made), "watch", NOON),
        Look("well", 1, 200),
        at=NOON,
    )
    assert probes.told(agent, watch) is None
