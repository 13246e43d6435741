"""A seed answers exactly what it is about, and says why it does not answer the rest."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.approvals.models.approvals import ApprovalStatus
from shared.precedents.rules import matching
from shared.precedents.rules.matching import (
    UNDISTURBED,
    Known,
    best,
    candidates,
    explained,
    matches,
)
from tests.conftest import NOON
from tests.precedents.samples import active, approval, days, draft, request, validated


def answers(seed=None, known=UNDISTURBED, tenant="platform", at=NOON, **changes):
    return matches(seed or active(), request(**changes), known, tenant=tenant, at=at)


def against(seed=None, known=UNDISTURBED, tenant="platform", at=NOON, **changes):
    found = explained(seed or active(), request(**changes), known, tenant=tenant, at=at)
    return {reason.rule for reason in found if not reason.passed}


def test_what_meets_every_condition_is_answered():
    assert answers()
    assert against() == set()


KEPT = {"roles": ["governor"]}
UNLIKELY = {"roles": ["genesis"], "when": {"fact": "risk", "op": "==", "value": "critical"}}
JUDGED = {"delegable", "class", "actions", "reversibility"}
"""What speaks against a class that no rule may answer: the last as nobody says that it can be undone."""


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({"type": "financial"}, {"type", "asked_as", "approval_type"}),
        ({"type": "constitutional"}, {"chain", "type", "asked_as", "approval_type"}),
        *(
            ({"chain": {"name": "own", "steps": steps}}, {"chain"})
            for steps in (
                [KEPT, {"roles": ["vision_guardian", "systems_architect"], "mode": "all"}],
                [KEPT, {"principals": ["governor.platform"]}],
                [KEPT, KEPT],
                [KEPT | {"mode": "quorum", "quorum": 2}],
            )
        ),
        ({"chain": {"name": "own", "steps": [KEPT, UNLIKELY]}}, set()),
        ({"type": "communication"}, {"asked_as", "approval_type"}),
        ({"approval_class": "agent.reactivate:HC:x"}, JUDGED),
        ({"approval_class": "place_order:HC:x"}, JUDGED | {"asked_as"}),
        ({"approval_class": "order.pay:HC:x"}, JUDGED | {"asked_as"}),
        ({"approval_class": "delete.record:HC:x"}, JUDGED | {"asked_as"}),
        ({"approval_class": "send_bulk.bulk:HC:x"}, JUDGED | {"asked_as"}),
        ({"approval_class": "agent.deploy:ED:x"}, {"class", "industries"}),
        ({"approval_class": "agent.revise:HC:x"}, JUDGED),
        ({"gate": "stage-5"}, {"gate", "act_kind"}),
        ({"gate": "budget"}, {"gate", "act_kind"}),
        ({"risk": "high"}, {"risk"}),
        ({"risk": "critical"}, {"risk", "critical"}),
        ({"reversibility": "irreversible"}, {"reversibility"}),
        ({"facts": {"records": 101}}, {"bulk records", "facts"}),
        ({"facts": {"records": "many"}}, {"bulk records", "facts"}),
        ({"facts": {"records": -1}}, {"bulk records", "facts"}),
        ({"facts": {"recipients": 90_000}}, {"bulk recipients", "facts"}),
        ({"facts": {"amount_minor": -1}}, {"amount"}),
        ({"facts": {"topic": "asthma"}}, {"facts"}),
        ({"facts": {"tests_passed": True}}, {"facts"}),
        ({"facts": {"amount_minor": 1}}, {"amount"}),
        ({"facts": {"data_classes": "public,confidential"}}, {"data_classes"}),
        ({"facts": {"data_classes": None}}, {"data_classes"}),
        ({"facts": {"integrations": "wordpress,mailer"}}, {"integrations"}),
        ({"facts": {"integrations": 1}}, {"integrations"}),
        ({"facts": {"alignment_score": 79}}, {"condition aligned"}),
        ({"facts": {"alignment_score": True}}, {"condition aligned"}),
        ({"facts": {"alignment_score": None}}, {"condition aligned"}),
        ({"facts": {"rollback_planned": 1}}, {"condition rollback"}),
    ],
)
def test_one_condition_that_does_not_hold_leaves_it_to_a_person(changes, rules):
    assert against(**changes) == rules
    assert answers(**changes) == (not rules)


@pytest.mark.parametrize(
    ("known", "rule"),
    [
        ({"frozen": True}, "frozen"),
        ({"switched_on": False}, "switch"),
        ({"deployed_before": False}, "first_in_industry"),
        ({"in_trouble": True}, "agent"),
        ({"denied_at": NOON - timedelta(days=30)}, "denied"),
    ],
)
def test_what_goes_on_around_a_request_counts(known, rule):
    usual = {"frozen": False, "switched_on": True, "deployed_before": True, "in_trouble": False}
    assert against(known=Known(**(usual | known))) == {rule}


def test_a_no_is_forgotten_after_thirty_days():
    known = replace(UNDISTURBED, denied_at=NOON - timedelta(days=30, seconds=1))
    assert answers(known=known)


def test_a_no_to_the_very_act_is_never_forgotten():
    assert against(known=replace(UNDISTURBED, denied="some-approval")) == {"denied"}


@pytest.mark.parametrize(
    "changed", ["evolution", "Evolution", "EVOLUTION", "\uff45volution", "revolution", "", None, 1]
)
@pytest.mark.parametrize("member", ["diff_class", "Diff-Class"])
def test_only_what_is_known_to_be_no_evolution_may_be_left_to_a_rule(changed, member):
    about = {"typ": "manifest-approval/v1", member: changed}
    assert "evolution" in against(subject_kind="manifest", subject=about)
    assert "evolution" in against(subject_kind="manifest", subject={"typ": "x", "to_hash": "y"})
    about["diff_class"] = "patch"
    about = {member: "patch" if member == "diff_class" else changed, **about}
    assert ("evolution" in against(subject_kind="manifest", subject=about)) == (
        member != "diff_class"
    )


def test_what_is_not_known_counts_against_a_seed():
    assert against(known=Known()) == {"frozen", "switch", "first_in_industry", "agent"}


def test_only_a_seed_in_force_decides():
    assert against(seed=draft()) == {"status"}
    assert against(seed=validated(draft())) == {"status"}
    assert against(at=days(365)) == {"expired"}
    assert answers(at=days(364))
    assert against(seed=active(counts={"false_positive_count": 3})) == {"false_positives"}
    adding = active(decision="gate_added", auto_approve=False)
    assert against(seed=adding) == {"auto_approve"}


def test_a_ceiling_may_name_tenants():
    bound = active(ceiling={"tenants": ("acme", "globex")})
    assert answers(seed=bound, tenant="acme")
    assert against(seed=bound, tenant="initech") == {"tenants"}


def test_a_seed_is_found_by_every_class_that_it_may_have():
    assert candidates("agent.deploy:HC:JOB-1") == (
        "agent.deploy:HC:JOB-1",
        "agent.deploy:HC:*",
        "agent.deploy:*",
        "agent.*",
    )
    assert candidates("team.internal.assign:HC:x")[3:] == ("team.internal.*", "team.*")


def test_the_most_specific_seed_answers_then_the_newest_then_the_smallest_number():
    exact = active(approval_class="agent.deploy:HC:JOB-HC-001", number=9)
    wide, wider = active(number=8), active(approval_class="agent.deploy:*", number=1)
    newer = active(number=7, at=NOON + timedelta(hours=1))
    later = NOON + timedelta(hours=2)

    def chosen(*seeds):
        return best(seeds, request(), UNDISTURBED, tenant="platform", at=later).seed_id

    assert chosen(wider, wide, exact) == "GEN-009"
    assert chosen(wider, wide) == "GEN-008"
    assert chosen(wide, newer) == "GEN-007"
    assert chosen(wide, active(number=6)) == "GEN-006"
    assert best([draft()], request(), UNDISTURBED, tenant="platform", at=later) is None


@given(
    st.permutations([1, 2, 3, 4]),
    st.lists(st.sampled_from(["agent.deploy:HC:*", "agent.deploy:*"]), min_size=4, max_size=4),
)
def test_the_answer_does_not_depend_on_the_order_of_the_seeds(order, classes):
    seeds = [active(number=n, approval_class=c) for n, c in zip(order, classes, strict=True)]
    one = best(seeds, request(), UNDISTURBED, tenant="platform", at=NOON)
    other = best(seeds[::-1], request(), UNDISTURBED, tenant="platform", at=NOON)
    assert one == other


def test_what_a_seed_grants_is_approved_and_may_be_objected_to_for_a_day():
    granted = matching.decide(approval(), active(), at=NOON)
    assert granted.status is ApprovalStatus.APPROVED
    assert (granted.seed_id, granted.decided_via) == ("GEN-005", "precedent_seed")
    assert granted.veto_until == days(1)
    assert granted.held_until is None
    assert granted.violations() == ()
    assert matching.because(active()).seed_ids == ("GEN-005",)


def test_what_cannot_be_undone_is_held_until_nobody_can_object():
    granted = matching.decide(approval(reversibility="irreversible"), active(), at=NOON)
    assert granted.held_until == granted.veto_until == days(1)
    assert granted.expires_at == days(1) + timedelta(minutes=60)


@given(
    st.sampled_from(["financial", "constitutional"]),
    st.sampled_from(["step", "plan", "manifest", "change"]),
    st.sampled_from(["low", "medium", "high", "critical"]),
)
def test_no_seed_ever_answers_what_people_always_decide(kind, gate, risk):
    seed = active().model_copy(update={"approval_types": (kind,)})
    evidence = [
        {"kind": name, "ref": "e", "sha256": "0" * 64}
        for name in ("genesis_acknowledgment", "test_report")
    ]
    assert not answers(seed=seed, type=kind, gate=gate, risk=risk, evidence_refs=evidence)
