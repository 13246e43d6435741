"""How long there is time, by type and by what is to be done."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.actors import Role
from shared.approvals.models.approvals import Approval
from shared.approvals.rules import requests, windows
from shared.errors import Invalid, Unauthenticated
from shared.precedents.models.classes import CLASSES
from tests.approvals.questions import (
    GOVERNOR,
    approval,
    approve,
    consume,
    minutes,
    person,
    reject,
    rule,
    veto,
)


def engaged(type, verb, **changes):
    named = {"type": type, "approval_class": f"{verb}:HC:thing", "gate": "step"}
    return approval(tenant="acme", governor_scope="engagement", **named | changes)


@pytest.mark.parametrize(
    ("type", "verb", "window_min"),
    [
        ("communication", "publish_content", 1_440),
        ("communication", "post", 1_440),
        ("communication", "send", 720),
        ("execution", "crm.update", 360),
        ("financial", "pay", 360),
        ("financial", "place_order", 360),
        ("constitutional", "delete", 120),
        ("artifact", "draft.review", 4_320),
    ],
)
def test_a_business_owner_has_time_that_suits_the_action(type, verb, window_min):
    assert engaged(type, verb).expires_at == minutes(window_min)
    assert engaged(type, verb, window_min=7).expires_at == minutes(7)


def test_an_action_is_asked_as_what_it_is():
    for verb in ("publish_content", "pay", "bulk"):
        with pytest.raises(Invalid) as refused:
            engaged("artifact", verb)
        assert rule(refused) == "approval_type"
    with pytest.raises(Invalid):
        engaged("execution", "publish_content")


@pytest.mark.parametrize("scope", ["platform", "engagement"])
@pytest.mark.parametrize(
    ("verb", "least"),
    [
        *((verb, min(known.types, key=windows.STRONGER.index)) for verb, known in CLASSES.items()),
        ("order.pay", "financial"),
        ("bulk.delete", "constitutional"),
        ("records.delete", "constitutional"),
        ("send_bulk", "constitutional"),
        ("send.payment.order", "financial"),
        ("constitution.amend", "constitutional"),
        ("unpublish", "execution"),
        ("user.withdraw_role", "execution"),
        ("frobnicate", "execution"),
        ("draft.review", "artifact"),
    ],
)
def test_no_act_is_asked_as_less_than_it_is_on_any_scope(scope, verb, least):
    place = {"tenant": "acme"} if scope == "engagement" else {}
    act = {"approval_class": f"{verb}:HC:x", "gate": "step", "governor_scope": scope, **place}
    act["evidence_refs"] = [
        {"kind": kind, "ref": "reports/1", "sha256": "2" * 64}
        for kind in requests.EVIDENCE_OF_CLASS.get(verb, ("report",))
    ]
    for weak in windows.STRONGER[: windows.STRONGER.index(least)]:
        with pytest.raises(Invalid) as refused:
            approval(type=weak, risk="low", **act)
        assert rule(refused) == "approval_type"
        assert least in refused.value.detail
    assert approval(type=least, risk="low", **act).type == least


def test_the_platforms_own_may_be_asked_as_more():
    act = {"gate": "step", "approval_class": "publish_content:HC:blog"}
    assert approval(type="execution", **act).window_min == 120


@pytest.mark.parametrize("verb", ["sends", "mail.send", "publishing", "tell", "crm.sync"])
def test_what_nobody_judged_is_asked_as_a_write_outside_at_least(verb):
    for type in ("artifact", "communication"):
        with pytest.raises(Invalid) as refused:
            engaged(type, verb)
        assert rule(refused) == "approval_type"
    assert engaged("execution", verb).window_min == 360


def test_what_is_written_outside_for_a_customer_needs_a_fresh_sign_in():
    own = person(Role.CUSTOMER_ADMIN, tenant="acme")
    with pytest.raises(Unauthenticated):
        approve(engaged("execution", "crm.update"), by=own, at=6)
    assert approve(engaged("communication", "send"), by=own, at=6).status == "approved"
    assert approve(approval(), by=GOVERNOR, at=6).status == "approved"


@given(st.integers(5, 43_200), st.lists(st.integers(0, 50_000), max_size=10))
def test_each_promise_leads_to_the_next_and_the_last_is_the_deadline(window_min, times):
    asked = approval(window_min=window_min)
    for minute in sorted(times):
        event, due = windows.following(asked, at=minutes(minute))
        assert event.decision_version == 0
        if event.traits.action == "approval.mark_reached":
            assert minutes(minute) < due < asked.expires_at
        else:
            assert due == asked.expires_at
            assert windows.level(asked, minutes(minute)) == 2


def test_an_approval_is_shown_though_another_release_stored_what_is_only_shown_here():
    asked = approval()
    stored = asked.to_stored() | {"time_left_s": 1, "later": {"of": "another"}}
    shown = windows.seen(Approval.from_stored(stored), at=asked.requested_at)
    assert shown.time_left_s == 60 * asked.window_min
    assert shown.to_stored()["later"] == {"of": "another"}


TWO = {"name": "two", "steps": [{"roles": ["governor"]}, {"roles": ["genesis"]}]}


@pytest.mark.parametrize("timeout_min", [None, 60])
def test_a_vote_leaves_the_promise_that_waits_unless_the_next_step_has_its_own_time(timeout_min):
    own = {"timeout_min": timeout_min} if timeout_min else {}
    chain = {**TWO, "steps": [TWO["steps"][0], TWO["steps"][1] | own]}
    new = approval(gate="step", chain=chain)
    half = approve(new, at=10)
    assert windows.holds(new, 0)
    assert windows.holds(half, 0) == (timeout_min is None)
    assert windows.holds(half, 1)
    assert not windows.holds(half, 2)
    whole = approve(half, by=person(Role.GENESIS), at=20)
    assert windows.holds(whole, 1)
    assert windows.holds(whole, 0) == (timeout_min is None)


def test_no_promise_holds_for_what_nothing_can_come_of():
    for end in (reject, veto, lambda new: consume(approve(new))):
        assert not windows.holds(end(approval()), 0)
