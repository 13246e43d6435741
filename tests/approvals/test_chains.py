"""Who must agree, in which order, and how many of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.actors import Role
from shared.approvals.rules import decisions, delegation
from shared.errors import AlreadyDecided, Forbidden, Invalid
from tests.approvals.questions import (
    GOVERNOR,
    GUARDIAN,
    SERVICE,
    WHY,
    approval,
    approve,
    minutes,
    person,
    reject,
    rule,
)

ARCHITECT = person(Role.SYSTEMS_ARCHITECT)
GENESIS = person(Role.GENESIS)


def asked(*steps, **changes):
    chain = {"name": "own", "version": 3, "steps": [*steps, {"roles": ["governor"]}]}
    return approval(**{"gate": "step", "chain": chain} | changes)


def test_one_of_any_is_enough():
    new = asked({"roles": ["genesis", "systems_architect"]})
    assert (new.chain, new.chain_version) == ("own", 3)
    for one in (GENESIS, ARCHITECT):
        half = approve(new, by=one)
        assert half.current_step == 2
        assert approve(half).status == "approved"


def test_all_means_everybody_who_is_named():
    new = asked({"roles": ["genesis"], "principals": ["architect"], "mode": "all"})
    half = approve(new, by=GENESIS)
    assert half.current_step == 1
    with pytest.raises(Forbidden):
        approve(half, by=person(Role.ADMIN, id="somebody"))
    both = approve(half, by=person(Role.SYSTEMS_ARCHITECT, id="architect"))
    assert both.current_step == 2
    assert both.violations() == ()


def test_a_principal_of_another_tenant_is_somebody_else():
    new = asked({"principals": ["architect"]})
    with pytest.raises(Forbidden):
        approve(new, by=person(Role.CUSTOMER_ADMIN, id="architect", tenant="acme"))


def test_one_person_is_one_vote_even_in_two_seats():
    new = asked({"roles": ["genesis", "systems_architect"], "mode": "all"})
    both = person(Role.GENESIS, Role.SYSTEMS_ARCHITECT, id="both")
    half = approve(new, by=both)
    assert half.current_step == 1
    with pytest.raises(AlreadyDecided):
        approve(half, by=both, comment="Once more.")
    assert approve(half, by=ARCHITECT).current_step == 2


@given(st.lists(st.sampled_from(["g1", "g2", "g3", "g4"]), max_size=8), st.integers(1, 4))
def test_a_quorum_counts_people(voters, quorum):
    after = asked({"roles": ["genesis"], "mode": "quorum", "quorum": quorum})
    agreed = set()
    for name in voters:
        if after.current_step == 1:
            after = approve(after, by=person(Role.GENESIS, id=name))
            agreed.add(name)
    assert (after.current_step == 2) == (len(agreed) >= quorum)
    assert after.violations() == ()


def test_one_no_ends_the_whole_chain():
    after = reject(asked({"roles": ["genesis", "systems_architect"], "mode": "all"}), by=GENESIS)
    assert after.status == "rejected"


def test_a_step_has_a_time_of_its_own():
    new = asked({"roles": ["genesis"], "timeout_min": 30})
    assert new.expires_at == minutes(30)
    chain = {
        "name": "own",
        "steps": [{"roles": ["governor"]}, {"roles": ["genesis"], "timeout_min": 60}],
    }
    half = approve(approval(gate="step", chain=chain), at=100)
    assert (half.window_from, half.expires_at) == (minutes(100), minutes(160))


@pytest.mark.parametrize(
    ("when", "steps"),
    [
        ({"fact": "risk", "op": "==", "value": "medium"}, 2),
        ({"fact": "risk", "op": "!=", "value": "medium"}, 1),
        ({"fact": "alignment_score", "op": ">=", "value": 92}, 2),
        ({"fact": "alignment_score", "op": "<=", "value": 91}, 1),
        ({"fact": "alignment_score", "op": "==", "value": "92"}, 2),
        ({"fact": "unheard_of", "op": "==", "value": 1}, 2),
        ({"fact": "risk", "op": ">=", "value": "medium"}, 2),
    ],
)
def test_a_step_is_skipped_only_where_its_condition_is_known_to_fail(when, steps):
    assert len(asked({"roles": ["genesis"], "when": when}).steps) == steps


@pytest.mark.parametrize(
    "steps",
    [
        [{"roles": ["genesis"]}],
        [{"roles": ["governor", "genesis"]}],
        [{"roles": ["governor"], "when": {"fact": "risk", "op": "==", "value": "low"}}],
        [{"roles": ["governor"]}, {}],
        [{"roles": ["governor"]}, {"roles": ["viewer"]}],
        [{"roles": ["governor"]}, {"roles": ["genesis"], "mode": "quorum"}],
        [{"roles": ["governor"]}, {"roles": ["genesis"], "quorum": 2}],
    ],
)
def test_a_chain_asks_the_governor_and_only_who_may_answer(steps):
    with pytest.raises(Invalid) as refused:
        approval(gate="step", chain={"name": "own", "steps": steps})
    assert rule(refused) == "chain"


def test_the_constitution_is_not_changed_without_the_vision_guardian():
    with pytest.raises(Invalid):
        asked(type="constitutional", gate="change")
    new = asked({"roles": ["vision_guardian"]}, type="constitutional", gate="change")
    assert approve(approve(new, by=GUARDIAN)).status == "approved"


def test_nobody_stands_in_for_a_foundational_agent():
    new, at = asked({"roles": ["genesis"]}), minutes(100)
    late = delegation.remind(new, by=SERVICE, at=at, decision_version=0, told_at=minutes(0))
    assert late.escalations[0].to == ()
    with pytest.raises(Forbidden):
        approve(late, by=person(Role.DEPUTY_GOVERNOR), at=101)


def test_a_chain_has_ten_steps_at_most():
    assert len(asked(*[{"roles": ["genesis"]}] * 9).steps) == 10
    with pytest.raises(ValueError, match="10"):
        asked(*[{"roles": ["genesis"]}] * 10)


def test_the_word_of_each_seat_is_kept():
    half = approve(asked({"roles": ["genesis"]}), by=GENESIS)
    whole = decisions.reject(half, by=GOVERNOR, at=minutes(2), reason=WHY)
    assert [one.seat for one in whole.decisions] == ["genesis", "governor"]
