"""Whose own question it is: judged along the chain, from who asked to whom it is about."""

import pytest

from shared.actors import Role
from shared.approvals.actions import late_vetoes
from shared.approvals.rules import delegation, requests
from shared.errors import SelfApproval
from tests.approvals.questions import (
    DECIDE,
    GOVERNOR,
    ID,
    SERVICE,
    WHY,
    approve,
    minutes,
    person,
    reject,
    request,
    send_back,
    veto,
)

ANN = person(Role.GOVERNOR, id="ann")
HERS = SERVICE.model_copy(update={"same_hands": frozenset({"ann"})})
SUBJECT = {"typ": "change/v1", "tenant_id": "platform", "entity": "x", "user": "ann"}


def asked(*, by=SERVICE, makers=(), **changes):
    question = request(**{"gate": "step"} | changes)
    return requests.ask(question, id=ID, tenant="platform", by=by, at=minutes(0), makers=makers)


OWN = [
    asked(by=HERS, on_behalf_of="bob"),
    asked(makers=("ann",)),
    asked(approval_class="user.grant_role:PL:x", subject_kind="change", subject=SUBJECT),
]


def defer(before, by):
    return delegation.defer(before, by=by, at=minutes(1), until=minutes(120))


@pytest.mark.parametrize("own", OWN)
@pytest.mark.parametrize("decide", [approve, reject, send_back, defer])
def test_nobody_decides_what_is_their_own(own, decide):
    with pytest.raises(SelfApproval):
        decide(own, by=ANN)
    assert decide(own, by=GOVERNOR).violations() == ()


@pytest.mark.parametrize("own", OWN)
def test_what_is_somebodys_own_is_not_handed_to_them(own):
    with pytest.raises(SelfApproval):
        delegation.delegate(own, by=GOVERNOR, at=minutes(1), to="ann", reason=WHY)


def test_a_machine_in_somebodys_hands_decides_nothing_of_theirs():
    genesis = person(Role.GOVERNOR, id="g").model_copy(update={"same_hands": frozenset({"ann"})})
    with pytest.raises(SelfApproval):
        approve(asked(makers=("ann",)), by=genesis)


@pytest.mark.parametrize("decide", [*DECIDE, defer])
def test_a_name_on_somebody_elses_word_takes_no_right_away(decide):
    told = asked(on_behalf_of="ann")
    assert told.requested_by == "ann"
    assert decide(told, by=ANN).violations() == ()


@pytest.mark.parametrize("own", OWN)
def test_a_veto_is_never_self_approval(own):
    for before in (own, approve(own)):
        after = veto(before, by=ANN, at=2)
        assert (after.status, after.violations()) == ("vetoed", ())


def test_what_was_decided_about_oneself_breaks_the_constitution():
    granted = approve(asked())
    forged = granted.model_copy(update={"concerned": ("governor",)})
    assert [one.rule for one in forged.violations()] == ["L0-01"]


def test_whoever_vetoed_too_late_does_not_confirm_the_roll_back():
    vetoed = approve(asked())
    said = late_vetoes.said(vetoed, by=GOVERNOR, at=minutes(2), category="safety", explanation=WHY)
    opened, _ = late_vetoes.question(vetoed, said, id=ID, by=GOVERNOR, at=minutes(2))
    with pytest.raises(SelfApproval):
        approve(opened, by=GOVERNOR, at=3)
    assert approve(opened, by=ANN, at=3).decided_by == "ann"
