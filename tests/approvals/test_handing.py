"""Not answering at once: handing on, asking others besides, and letting it rest."""

from datetime import timedelta

import pytest

from shared.actors import Role
from shared.approvals.models.approvals import ApprovalStatus
from shared.approvals.rules import checks, decisions, delegation
from shared.errors import (
    AlreadyDecided,
    Conflict,
    Expired,
    Forbidden,
    Invalid,
    SelfApproval,
    Unauthenticated,
)
from tests.approvals.questions import (
    AGENT,
    GOVERNOR,
    GUARDIAN,
    SERVICE,
    WHY,
    approval,
    approve,
    constitutional,
    minutes,
    person,
    reject,
    rule,
    send_back,
    veto,
)

DEPUTY = person(Role.DEPUTY_GOVERNOR)
OTHER = person(Role.GOVERNOR, id="g2")
THIRD = person(Role.GOVERNOR, id="g3")


REQUESTER = person(Role.ADMIN, id="u1")
RETURNING = [
    {"kind": kind, "ref": "r", "sha256": "2" * 64}
    for kind in ("root_cause_report", "remediation_report", "test_report", "genesis_clearance")
]


def ordinary(**changes):
    return approval(**{"gate": "step", "window_min": 100} | changes)


def delegate(before, to=DEPUTY.id, by=GOVERNOR, at=1, until=None):
    ends = minutes(until) if until else None
    return delegation.delegate(before, by=by, at=minutes(at), to=to, reason=WHY, until=ends)


def escalate(before, by=GOVERNOR, at=1):
    return delegation.escalate(before, by=by, at=minutes(at), reason=WHY)


def remind(before, at, version=None, told=0):
    version = before.decision_version if version is None else version
    told_at = None if told is None else minutes(told)
    at = minutes(at)
    return delegation.remind(before, by=SERVICE, at=at, decision_version=version, told_at=told_at)


def defer(before, by=GOVERNOR, at=1, until=None, missing=()):
    ends = minutes(until) if until else None
    return delegation.defer(before, by=by, at=minutes(at), until=ends, missing_evidence=missing)


# --- delegation ----------------------------------------------------------------------------------


def test_a_deputy_answers_only_what_was_handed_on():
    with pytest.raises(Forbidden) as refused:
        approve(ordinary(), by=DEPUTY)
    assert rule(refused) == "not_governor"
    handed = delegate(ordinary())
    assert handed.status is ApprovalStatus.DELEGATED
    assert handed.open
    for decide in (approve, reject, send_back):
        after = decide(handed, by=DEPUTY, at=2)
        assert (after.decided_via, after.last.seat) == ("deputy", "governor")
        assert after.violations() == ()


def test_what_a_deputy_approved_may_be_vetoed_for_three_days():
    granted = approve(delegate(ordinary()), by=DEPUTY, at=2)
    assert granted.veto_until == minutes(2) + timedelta(hours=72)
    assert veto(granted, at=2 + 71 * 60).status == "vetoed"
    assert decisions.because(granted).authority == "governor by deputy"


def test_a_delegation_holds_for_its_interval():
    handed = delegate(ordinary(), until=10)
    assert approve(handed, by=DEPUTY, at=9).status == "approved"
    with pytest.raises(Forbidden):
        approve(handed, by=DEPUTY, at=10)
    with pytest.raises(Invalid):
        delegate(ordinary(), at=5, until=5)


def test_anybody_who_is_named_is_a_deputy_while_it_lasts():
    somebody = person(Role.SYSTEMS_ARCHITECT, id="architect")
    assert approve(delegate(ordinary(), to="architect"), by=somebody).decided_via == "deputy"
    stranger = person(Role.DEPUTY_GOVERNOR, id="architect", tenant="acme")
    with pytest.raises(Forbidden):
        approve(delegate(ordinary(), to="architect"), by=stranger)
    machine = SERVICE.model_copy(update={"id": "service:other"})
    with pytest.raises(Forbidden):
        approve(delegate(ordinary(), to=machine.id), by=machine)


@pytest.mark.parametrize(
    "change",
    [
        {"type": "financial"},
        {"type": "constitutional"},
        {"type": "execution", "gate": "stage-6"},
        {"type": "artifact", "gate": "seed", "approval_class": "draft.review:HC:x"},
    ],
)
@pytest.mark.parametrize("decide", [approve, reject, send_back, defer, escalate])
def test_what_is_the_governors_alone_is_not_a_deputys(change, decide):
    with pytest.raises(Forbidden) as refused:
        decide(delegate(ordinary(**change)), by=DEPUTY)
    assert rule(refused) == "deputy_limit"


def test_who_comes_back_into_service_is_the_governors_alone():
    back = ordinary(approval_class="agent.reactivate:HC:JOB-HC-001", evidence_refs=RETURNING)
    with pytest.raises(Forbidden) as refused:
        approve(delegate(back), by=DEPUTY)
    assert rule(refused) == "deputy_limit"


def test_a_deputy_neither_vetoes_nor_delegates_on():
    handed = delegate(ordinary())
    with pytest.raises(Forbidden) as refused:
        veto(handed, by=DEPUTY)
    assert rule(refused) == "deputy_limit"
    with pytest.raises(Forbidden) as refused:
        delegate(handed, to="somebody", by=DEPUTY)
    assert rule(refused) == "deputy_limit"


def test_it_is_handed_on_twice_at_most_and_never_in_a_circle():
    once = delegate(ordinary(), to=OTHER.id)
    twice = delegate(once, to=THIRD.id, by=OTHER)
    with pytest.raises(Conflict) as refused:
        delegate(twice, to="g4", by=THIRD)
    assert rule(refused) == "delegation_depth"
    for person_ in (GOVERNOR, OTHER):
        with pytest.raises(Conflict) as refused:
            delegate(twice, to=person_.id, by=THIRD)
        assert rule(refused) == "delegation_loop"
    with pytest.raises(Conflict) as refused:
        delegate(once, to=DEPUTY.id)
    assert rule(refused) == "delegated"


def test_what_was_handed_on_is_taken_back_until_it_is_decided():
    handed = delegate(ordinary())
    back = delegate(handed, to=GOVERNOR.id, at=2)
    assert back.status is ApprovalStatus.PENDING
    with pytest.raises(Forbidden):
        approve(back, by=DEPUTY, at=3)
    with pytest.raises(Conflict):
        delegate(back, to=GOVERNOR.id, at=3)
    with pytest.raises(AlreadyDecided):
        delegate(approve(handed, by=DEPUTY, at=2), to=GOVERNOR.id, at=3)
    again = delegate(back, to="somebody", at=4)
    assert [one.taken_back_at for one in again.delegations] == [minutes(2), None]
    twice = delegate(delegate(ordinary(), to=OTHER.id), to=THIRD.id, by=OTHER)
    assert delegate(twice, to=OTHER.id, by=OTHER).status is ApprovalStatus.DELEGATED
    late = delegate(escalate(ordinary()), at=2)
    assert delegate(late, to=GOVERNOR.id, at=3).status is ApprovalStatus.ESCALATED


def test_the_governor_never_loses_the_last_word():
    assert approve(delegate(ordinary()), at=2).decided_via == "governor"


@pytest.mark.parametrize("to", [SERVICE.id, AGENT])
def test_it_is_never_handed_to_who_asked(to):
    with pytest.raises(SelfApproval):
        delegate(ordinary(), to=to)


def test_a_deputy_does_not_decide_what_they_asked():
    asked = ordinary().model_copy(update={"concerned": (DEPUTY.id,)})
    with pytest.raises(SelfApproval):
        approve(escalate(asked), by=DEPUTY)


# --- escalation ----------------------------------------------------------------------------------


def test_silence_asks_the_deputy_and_then_the_vision_guardian():
    asked = ordinary(urgency="immediate")
    assert remind(asked, 49) is asked
    half = remind(asked, 50)
    assert half.status is ApprovalStatus.ESCALATED
    assert half.expires_at == asked.expires_at
    [first] = half.escalations
    assert (first.level, first.to, first.trigger) == (1, (Role.DEPUTY_GOVERNOR,), "50")
    assert remind(half, 50) is half
    assert approve(half, by=DEPUTY, at=51).decided_via == "deputy"
    late = remind(half, 80)
    assert late.escalations[1].to == (Role.VISION_GUARDIAN,)
    granted = approve(late, by=GUARDIAN, at=81)
    assert granted.decided_via == "vision_guardian_override"
    assert granted.veto_until == minutes(81) + timedelta(hours=72)
    assert granted.violations() == ()


def test_what_comes_late_asks_both_levels_at_once():
    late = remind(ordinary(urgency="hours"), 90)
    [only] = late.escalations
    assert (only.level, only.trigger) == (2, "80")
    assert only.to == (Role.DEPUTY_GOVERNOR, Role.VISION_GUARDIAN)


def test_a_mark_has_no_effect_after_a_change_or_an_end():
    asked = ordinary()
    assert remind(delegate(asked), 50, version=0).level == 0
    granted = approve(asked)
    assert remind(granted, 50) is granted
    assert remind(asked, 100) is asked


def test_the_vision_guardian_approves_only_what_is_urgent_and_safe_and_else_defers():
    late = remind(ordinary(urgency="immediate"), 80)
    with pytest.raises(Forbidden) as refused:
        reject(late, by=GUARDIAN, at=81)
    assert rule(refused) == "deputy_limit"
    assert defer(late, by=GUARDIAN, at=81, missing=["a test"]).defer_count == 1
    for change in (
        {"urgency": "routine"},
        {"risk": "high"},
        {"reversibility": "irreversible"},
        {"type": "financial"},
    ):
        asked = remind(ordinary(**{"urgency": "immediate"} | change), 80)
        with pytest.raises(Forbidden):
            approve(asked, by=GUARDIAN, at=81)
    levels = {"escalate_to": [[], ["vision_guardian", "deputy_governor"]]}
    named = ordinary(urgency="immediate", chain=chain_with(levels))
    assert escalate(named).escalations[0].to == ()
    assert escalate(escalate(named)).escalations[1].to == (Role.DEPUTY_GOVERNOR,)


@pytest.mark.parametrize("by", [REQUESTER, GUARDIAN, GOVERNOR])
@pytest.mark.parametrize("times", [1, 2])
def test_nobodys_wish_makes_an_absence(by, times):
    asked = ordinary(urgency="immediate", on_behalf_of=REQUESTER.id)
    for _ in range(times):
        asked = escalate(asked, by=by)
    assert all(Role.VISION_GUARDIAN not in one.to for one in asked.escalations)
    with pytest.raises(Forbidden):
        approve(asked, by=GUARDIAN, at=2)
    late = remind(asked, 80)
    assert approve(late, by=GUARDIAN, at=81).decided_via == "vision_guardian_override"
    assert remind(late, 90) is late


@pytest.mark.parametrize(
    ("told", "change", "at"),
    [
        (None, {}, 80),
        (40, {}, 80),
        (0, {"window_min": 5}, 4),
        (0, {"window_min": 60}, 59),
    ],
)
def test_who_was_not_told_or_had_no_time_is_not_taken_for_absent(told, change, at):
    asked = remind(ordinary(**{"urgency": "immediate", "window_min": 100} | change), at, told=told)
    assert asked.level == 2
    with pytest.raises(Forbidden):
        approve(asked, by=GUARDIAN, at=at)


def test_who_deferred_is_not_absent():
    rested = defer(ordinary(urgency="immediate"), until=120)
    late = remind(rested, 210, told=0)
    assert Role.VISION_GUARDIAN not in late.escalations[-1].to


@pytest.mark.parametrize(
    "change",
    [
        {"gate": "stage-6", "window_min": 200},
        {
            "gate": "seed",
            "type": "artifact",
            "approval_class": "draft.review:HC:x",
            "window_min": 4000,
        },
        {"approval_class": "agent.reactivate:HC:JOB-HC-001", "evidence_refs": RETURNING},
    ],
)
def test_what_is_kept_from_deputies_is_kept_from_the_vision_guardian(change):
    asked = ordinary(urgency="immediate", **change)
    at = asked.window_min * 9 // 10
    late = remind(asked, at)
    assert Role.VISION_GUARDIAN not in late.escalations[-1].to
    with pytest.raises(Forbidden):
        approve(late, by=GUARDIAN, at=at)


def test_nobody_escalates_into_deciding():
    asked = ordinary()
    both = person(Role.DEPUTY_GOVERNOR, id="u9")
    mine = delegation._escalated(asked, 1, "manual", by="u9", at=minutes(1), reason=WHY)
    with pytest.raises(Forbidden):
        approve(mine, by=both, at=2)
    assert approve(escalate(asked, by=GUARDIAN), by=both, at=2).decided_via == "deputy"


@pytest.mark.parametrize("role", [Role.GENESIS, Role.SYSTEMS_ARCHITECT, Role.CUSTOMER_ADMIN])
def test_whoever_an_earlier_release_let_be_added_answers_nothing(role):
    late = escalate(ordinary(tenant="acme"))
    [added] = late.escalations
    forged = late.model_copy(update={"escalations": (added.model_copy(update={"to": (role,)}),)})
    tenant = "acme" if role is Role.CUSTOMER_ADMIN else "platform"
    with pytest.raises(Forbidden):
        approve(forged, by=person(role, tenant=tenant), at=2)


def chain_with(step):
    return {"name": "own", "steps": [{"roles": ["governor"]} | step]}


def test_the_platforms_governor_is_asked_besides_the_customers():
    asked = approval(tenant="acme", governor_scope="engagement", gate="step", window_min=100)
    own = person(Role.CUSTOMER_ADMIN, tenant="acme")
    with pytest.raises(Forbidden):
        approve(remind(asked, 50), at=51)
    late = remind(asked, 80)
    assert late.escalations[0].to == (Role.GOVERNOR,)
    fresh = GOVERNOR.model_copy(update={"auth_time": minutes(80)})
    assert approve(late, by=fresh, at=81).decided_via == "governor"
    assert reject(late, by=own.model_copy(update={"auth_time": minutes(80)}), at=81).decided_by
    with pytest.raises(Forbidden) as refused:
        veto(late, by=GOVERNOR, at=81)
    assert rule(refused) == "not_governor"


def test_whoever_asked_and_the_foundational_agents_may_press_once_for_each_level():
    mine = ordinary(on_behalf_of="u1")
    once = escalate(mine, by=person(Role.INDUSTRY_MANAGER, id="u1"))
    assert once.escalations[0].answer_due_at == mine.expires_at
    assert escalate(ordinary(window_min=1000)).escalations[0].answer_due_at == minutes(241)
    twice = escalate(once, by=GUARDIAN)
    assert [one.trigger for one in twice.escalations] == ["manual", "manual"]
    with pytest.raises(Conflict) as refused:
        escalate(twice)
    assert rule(refused) == "escalation_limit"
    with pytest.raises(Forbidden):
        escalate(mine, by=person(Role.ADMIN))
    with pytest.raises(Expired):
        escalate(mine, at=100)


def test_what_was_pressed_by_hand_is_not_asked_again_at_the_mark():
    once = escalate(ordinary())
    assert remind(once, 50) is once
    assert remind(once, 80).level == 2


# --- deferral ------------------------------------------------------------------------------------


def test_a_deferral_moves_the_whole_window():
    after = defer(ordinary(), at=10, until=10 + 60)
    assert after.open
    assert after.deferred_until == minutes(70)
    assert after.expires_at == minutes(170)
    assert remind(after, 119) is after
    assert remind(after, 120).level == 1
    assert approve(after, at=169).status == "approved"
    assert defer(ordinary(), at=1, missing=["a report"]).expires_at == minutes(1 + 1440 + 100)


@pytest.mark.parametrize("until", [60, 7 * 24 * 60 + 2])
def test_a_deferral_lasts_an_hour_to_a_week(until):
    with pytest.raises(Invalid):
        defer(ordinary(), until=until)
    with pytest.raises(Invalid):
        defer(ordinary())


def test_the_third_deferral_is_the_last():
    after = ordinary()
    for at in (1, 2, 3):
        after = defer(after, at=at, until=at + 100)
    with pytest.raises(Conflict) as refused:
        defer(after, at=4, until=104)
    assert rule(refused) == "defer_limit"
    assert after.defer_count == len(after.deferrals) == 3


@pytest.mark.parametrize("hand", [delegate, escalate, lambda a: defer(a, until=100)])
def test_a_timer_set_before_has_no_effect_after(hand):
    after = hand(ordinary())
    assert after.decision_version == 1
    assert decisions.expire(after, at=minutes(10_000), decision_version=0) is after
    assert after.violations() == ()


@pytest.mark.parametrize("hand", [delegate, escalate, lambda a: defer(a, until=100)])
def test_what_is_decided_is_not_handed_on(hand):
    with pytest.raises(AlreadyDecided):
        hand(reject(ordinary()))


def test_a_fresh_sign_in_is_asked_of_a_deputy_too():
    asked = delegate(ordinary(risk="high"))
    with pytest.raises(Unauthenticated):
        approve(asked, by=DEPUTY, at=10)


def test_the_second_of_two_is_asked_anew():
    half = approve(escalate(constitutional()), at=2)
    assert half.status is ApprovalStatus.PENDING
    assert half.level == 0
    assert checks.running(half, minutes(3)) == []
