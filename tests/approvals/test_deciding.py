"""Who may decide, until when, and what each answer does."""

import pytest

from shared.actors import Role
from shared.approvals.models.approvals import ApprovalStatus
from shared.approvals.rules import decisions
from shared.errors import (
    AlreadyDecided,
    ApprovalMismatch,
    Conflict,
    Expired,
    Forbidden,
    SelfApproval,
    Unauthenticated,
)
from tests.approvals.questions import (
    AGENT,
    DECIDE,
    GOVERNOR,
    GUARDIAN,
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


def test_an_approval_is_granted_and_may_be_vetoed_for_a_day():
    after = approve(approval(), at=10)
    assert after.status is ApprovalStatus.APPROVED
    assert (after.decided_by, after.decided_via, after.decided_at) == (
        GOVERNOR.id,
        "governor",
        minutes(10),
    )
    assert after.veto_until == minutes(10 + 24 * 60)
    assert after.violations() == ()


def test_what_is_approved_late_can_still_be_used_for_an_hour():
    assert approve(approval(), at=10).expires_at == minutes(240)
    assert approve(approval(), at=239).expires_at == minutes(239 + 60)


@pytest.mark.parametrize(
    ("decide", "status"),
    [(reject, "rejected"), (send_back, "changes_requested"), (veto, "vetoed")],
)
def test_a_no_is_final(decide, status):
    after = decide(approval())
    assert after.status == status
    assert after.violations() == ()
    for again in DECIDE:
        if again is not decide:
            with pytest.raises(AlreadyDecided) as refused:
                again(after)
            assert refused.value.members["decided"] == after.last.verb
            assert refused.value.members["decided_at"] == "2026-01-01T12:01:00.000Z"


@pytest.mark.parametrize("decide", DECIDE)
def test_every_change_raises_the_version(decide):
    after = decide(approval())
    assert (after.decision_version, after.last.decision_version) == (1, 1)


@pytest.mark.parametrize("decide", DECIDE)
def test_the_same_answer_again_changes_nothing(decide):
    after = decide(approval())
    assert decide(after, at=5_000) is after


def test_another_reason_is_another_answer():
    after = reject(approval())
    with pytest.raises(AlreadyDecided):
        reject(after, reason="Something else altogether.")


@pytest.mark.parametrize("decide", DECIDE)
@pytest.mark.parametrize(
    "other",
    [
        person(Role.DEPUTY_GOVERNOR),
        person(Role.ADMIN),
        person(Role.CUSTOMER_ADMIN, tenant="acme"),
        person(Role.GOVERNOR, tenant="acme"),
        SERVICE,
    ],
)
def test_only_the_platforms_governor_decides_for_the_platform(decide, other):
    with pytest.raises(Forbidden) as refused:
        decide(approval(), by=other)
    assert rule(refused) == "not_governor"


@pytest.mark.parametrize("decide", DECIDE)
def test_only_the_customers_own_governor_decides_for_the_customer(decide):
    asked = approval(tenant="acme", governor_scope="engagement")
    own = person(Role.CUSTOMER_ADMIN, tenant="acme")
    assert decide(asked, by=own).decided_by == own.id
    for other in (GOVERNOR, person(Role.CUSTOMER_ADMIN, tenant="globex")):
        with pytest.raises(Forbidden):
            decide(asked, by=other)


@pytest.mark.parametrize("decide", [approve, reject, send_back])
def test_nobody_decides_their_own_request(decide):
    with pytest.raises(SelfApproval):
        decide(approval(), by=person(Role.GOVERNOR, id=AGENT))


@pytest.mark.parametrize("decide", DECIDE)
def test_a_late_answer_is_refused_even_when_no_timer_ran(decide):
    assert not decide(approval(), at=239.9).open
    with pytest.raises(Expired):
        decide(approval(), at=240)


def test_an_approval_is_for_what_was_seen():
    with pytest.raises(ApprovalMismatch) as refused:
        approve(approval(), digest="f" * 64)
    assert rule(refused) == "stale_subject"
    with pytest.raises(ApprovalMismatch):
        decisions.reject(
            approval(), by=GOVERNOR, at=minutes(1), reason=WHY, expected_digest="f" * 64
        )


@pytest.mark.parametrize("gate", ["stage-4", "stage-5"])
def test_a_concern_is_sent_back_or_upheld_but_never_approved_away(gate):
    asked = approval(gate=gate)
    with pytest.raises(Conflict) as refused:
        approve(asked)
    assert rule(refused) == "concern_not_approvable"
    with pytest.raises(Forbidden):
        approve(asked, by=person(Role.ADMIN))
    assert send_back(asked).status == "changes_requested"
    assert reject(asked).status == "rejected"


@pytest.mark.parametrize(
    "change",
    [
        {"risk": "high"},
        {"risk": "critical"},
        {"type": "financial", "gate": "step"},
        {"type": "constitutional", "gate": "step"},
    ],
)
def test_a_high_risk_decision_needs_a_fresh_sign_in(change):
    asked = approval(**change)
    assert approve(asked, at=5).decisions
    with pytest.raises(Unauthenticated) as refused:
        approve(asked, at=5.1)
    assert rule(refused) == "step_up_required"
    assert refused.value.members["max_age_s"] == 300
    with pytest.raises(Unauthenticated):
        approve(asked, by=GOVERNOR.model_copy(update={"auth_time": None}))


def test_an_ordinary_decision_needs_no_further_sign_in():
    assert approve(approval(), at=100).status == "approved"


# --- two must agree ------------------------------------------------------------------------------


def test_both_must_agree_in_order():
    asked = constitutional()
    with pytest.raises(Forbidden):
        approve(asked, by=GUARDIAN)
    half = approve(asked)
    assert half.open
    assert half.decided_by is None
    assert half.violations() == ()
    whole = approve(half, by=GUARDIAN, at=60)
    assert whole.status == "approved"
    assert whole.decided_by == GUARDIAN.id
    assert whole.violations() == ()
    assert approve(whole) is whole


def test_one_person_is_one_vote():
    both = person(Role.GOVERNOR, Role.VISION_GUARDIAN)
    half = approve(constitutional(), by=both)
    assert approve(half, by=both) is half
    with pytest.raises(AlreadyDecided):
        approve(half, by=both, comment="Once more, with other words.")


def test_one_no_ends_the_chain():
    half = approve(constitutional())
    after = reject(half, by=GUARDIAN)
    assert after.status == "rejected"
    with pytest.raises(AlreadyDecided):
        approve(after, by=GUARDIAN)


def test_the_governor_may_veto_while_the_second_is_asked():
    assert veto(approve(constitutional())).status == "vetoed"
    with pytest.raises(Forbidden):
        veto(approve(constitutional()), by=GUARDIAN)


# --- veto ----------------------------------------------------------------------------------------


def test_what_was_approved_can_be_vetoed_for_24_hours():
    granted = approve(approval(), at=1)
    assert veto(granted, at=1 + 24 * 60 - 1).status == "vetoed"
    with pytest.raises(Conflict) as refused:
        veto(granted, at=1 + 24 * 60)
    assert rule(refused) == "veto_window_closed"


def test_an_approval_that_was_vetoed_is_not_confirmed_by_a_repeat():
    vetoed = veto(approve(approval()))
    with pytest.raises(AlreadyDecided) as refused:
        approve(vetoed)
    assert refused.value.members["decided"] == "veto"


def test_what_is_used_stays_used_and_is_objected_to():
    used = consume(approve(approval()), at=2)
    after = veto(used, at=3)
    assert (after.status, after.last.verb, after.vetoed_at) == ("consumed", "veto", minutes(3))
    assert (after.decided_by, after.decided_at) == (GOVERNOR.id, minutes(1))
    assert after.violations() == ()
    assert veto(after, at=4) is after
    with pytest.raises(AlreadyDecided):
        veto(after, at=4, explanation="Something else altogether.")
    with pytest.raises(Conflict, match="rollback") as refused:
        veto(used, at=5_000)
    assert rule(refused) == "veto_window_closed"


def test_a_veto_is_recorded_with_its_window():
    asked = approval()
    record = decisions.record_veto(asked, veto(asked), id="v1")
    assert record.window_end == asked.expires_at
    assert record.effect == "never_sent"
    assert record.violations() == ()
    granted = approve(asked)
    assert decisions.record_veto(granted, veto(granted), id="v1").window_end == granted.veto_until


def test_only_a_veto_is_recorded_as_one():
    granted = approve(approval())
    with pytest.raises(ValueError, match="not vetoed"):
        decisions.record_veto(approval(), granted, id="v1")
