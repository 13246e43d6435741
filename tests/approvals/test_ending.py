"""How a question ends otherwise, and what its record must obey."""

from typing import Any

import pytest

from shared.actors import Role
from shared.approvals.models.approvals import ApprovalStatus, Consumer
from shared.approvals.rules import binding, decisions, delegation
from shared.errors import AlreadyDecided, ApprovalMismatch, ApprovalRequired, Expired, Forbidden
from shared.masking import for_evidence
from tests.approvals.questions import (
    AGENT,
    DECIDE,
    GOVERNOR,
    ID,
    RUN,
    SERVICE,
    WHY,
    approval,
    approve,
    constitutional,
    consume,
    minutes,
    person,
    reject,
    rule,
    send_back,
    veto,
)


def cancel(before, by=SERVICE, at=1):
    return decisions.cancel(before, by=by, at=minutes(at), reason="No longer wanted.")


def test_whoever_asked_may_withdraw():
    after = cancel(approval())
    assert after.status == "cancelled"
    assert after.cancellation.by == SERVICE.id
    assert after.violations() == ()
    assert cancel(after) is after
    mine = approval(on_behalf_of="u1")
    assert cancel(mine, by=person(Role.INDUSTRY_MANAGER, id="u1")).status == "cancelled"
    with pytest.raises(Forbidden) as refused:
        cancel(mine, by=GOVERNOR)
    for another in (Role.SERVICE, Role.GENESIS):
        with pytest.raises(Forbidden) as refused:
            cancel(mine, by=person(another, id="service:other"))
        assert rule(refused) == "not_requester"
    assert cancel(mine).status == "cancelled", "the service that put it withdraws it"


def test_what_others_ask_too_stays_open_for_them():
    theirs = approval(on_behalf_of="u1").model_copy(update={"also_asked_by": ("u2",)})
    left = cancel(theirs, by=person(Role.INDUSTRY_MANAGER, id="u2"))
    assert (left.status, left.withdrawn_by) == ("pending", ("u2",))
    assert cancel(left, by=person(Role.INDUSTRY_MANAGER, id="u2")) is left
    assert cancel(left).status == "cancelled"


@pytest.mark.parametrize("decide", DECIDE)
def test_what_is_decided_cannot_be_withdrawn_and_the_other_way_round(decide):
    with pytest.raises(AlreadyDecided):
        cancel(decide(approval()))
    with pytest.raises(AlreadyDecided) as refused:
        decide(cancel(approval()))
    assert refused.value.members["decided"] == "cancel"


def expire(before, at, version=None):
    version = before.decision_version if version is None else version
    return decisions.expire(before, at=minutes(at), decision_version=version)


def test_silence_is_never_consent():
    asked = approval()
    assert expire(asked, 239) is asked
    after = expire(asked, 240)
    assert after.status == "expired"
    assert after.violations() == ()
    for decide in (*DECIDE, cancel, consume):
        with pytest.raises(Expired):
            decide(after)


def test_a_vote_moves_no_deadline_and_what_does_makes_the_one_before_void():
    granted = approve(approval())
    assert expire(granted, 240, version=0).status == "expired"
    rested = delegation.defer(approval(), by=GOVERNOR, at=minutes(1), until=minutes(100))
    assert expire(rested, 1000, version=0) is rested
    assert expire(rested, 1000).status == "expired"


def test_what_is_not_used_in_time_expires():
    granted = approve(approval())
    assert expire(granted, 240).status == "expired"


@pytest.mark.parametrize("decide", [reject, send_back, veto])
def test_what_is_settled_does_not_expire(decide):
    after = decide(approval())
    assert expire(after, 10_000) is after


def test_an_approval_is_used_once():
    granted = approve(approval())
    used = consume(granted)
    assert used.status == "consumed"
    assert used.violations() == ()
    assert consume(used) is used
    with pytest.raises(AlreadyDecided):
        consume(used, by=Consumer(run_id="r2", step_id="s1"))
    assert expire(used, 10_000) is used


OTHERWISE: dict[str, Any] = {
    "type": "constitutional",
    "gate": "change",
    "approval_class": "agent.deploy:FN:JOB-HC-001",
    "subject_kind": "change",
    "subject": {"typ": "stage/v1", "stage": 6},
    "evidence_facts": {"alignment_score": 91},
    "risk": "high",
    "blast_radius": "high",
    "urgency": "hours",
    "reversibility": "delayed",
    "governor_scope": "engagement",
    "agent_id": None,
    "workflow_id": ID,
    "chain": {"name": "c", "steps": [{"roles": ["governor"]}, {"roles": ["vision_guardian"]}]},
}


def test_an_approval_is_used_for_nothing_that_differs_in_anything_its_answer_rests_on():
    assert OTHERWISE.keys() == binding.LABELS | {"chain"}
    granted = approve(approval())
    for name, other in OTHERWISE.items():
        with pytest.raises(ApprovalMismatch, match=name):
            consume(granted, **{name: other})
    assert consume(granted, title="As a later release words it").status == "consumed"


def test_an_approval_is_used_in_time():
    with pytest.raises(Expired):
        consume(approve(approval()), at=240)


@pytest.mark.parametrize("decide", [lambda asked: asked, reject, send_back, veto, cancel])
def test_only_what_is_approved_is_used(decide):
    with pytest.raises(ApprovalRequired):
        consume(decide(approval()))


# --- the record ----------------------------------------------------------------------------------


def test_why_it_was_decided_is_kept_masked():
    after = reject(approval(), reason="Ask kim@example.com for the test report.")
    assert "kim@example.com" not in for_evidence(decisions.because(after))["rationale"]
    assert decisions.because(after).authority == "governor"
    assert decisions.because(send_back(approval())).rationale == "Add a test."
    assert decisions.because(approve(approval())).rationale == "approve without comment"
    assert decisions.because(veto(approve(constitutional()))).authority == "governor"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"governance_agent_id": ""}, "L0-01"),
        ({"governance_agent_id": AGENT}, "L0-01"),
        ({"concerned": (GOVERNOR.id,)}, "L0-01"),
        ({"agent_id": GOVERNOR.id}, "L0-01"),
        ({"decisions": ()}, "L0-03"),
        ({"status": ApprovalStatus.CONSUMED}, "L0-03"),
        ({"consumed_by": RUN}, "L0-03"),
        ({"status": ApprovalStatus.PENDING}, "L0-07"),
        ({"updated_at": minutes(-1)}, "L1-ENT-09"),
    ],
)
def test_an_approval_against_the_constitution_says_so(change, code):
    broken = approve(approval()).model_copy(update=change)
    assert {violation.rule for violation in broken.violations()} == {code}


def test_a_step_is_not_answered_twice():
    granted = approve(approval())
    broken = granted.model_copy(update={"decisions": granted.decisions * 2})
    assert "L0-01" in {violation.rule for violation in broken.violations()}


def test_a_veto_answers_to_a_governor():
    record = decisions.record_veto(approval(), veto(approval()), id="v1")
    broken = record.model_copy(update={"governance_agent_id": ""})
    assert [violation.rule for violation in broken.violations()] == ["L0-01"]


def test_what_cannot_be_undone_is_held_while_it_may_be_vetoed():
    granted = approve(approval())
    held = granted.model_copy(update={"held_until": minutes(30)})
    with pytest.raises(ApprovalRequired) as refused:
        consume(held, at=29)
    assert rule(refused) == "held"
    assert consume(held, at=30).status == "consumed"


def test_of_two_who_withdraw_it_the_second_is_told():
    asked = approval(on_behalf_of="asha")
    once = decisions.cancel(asked, by=SERVICE, at=minutes(1), reason=WHY)
    assert decisions.cancel(once, by=SERVICE, at=minutes(2), reason=WHY) is once
    with pytest.raises(AlreadyDecided) as refused:
        decisions.cancel(
            once, by=person(Role.AGENT_ORCHESTRATOR, id="asha"), at=minutes(2), reason=WHY
        )
    assert refused.value.members["decided_by"] == SERVICE.id
