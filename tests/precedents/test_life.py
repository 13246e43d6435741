"""How a seed comes into force, and how it ends."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from shared.errors import Conflict, Forbidden, Invalid, Refusal, SelfApproval
from shared.precedents.models.weakening import weakens
from shared.precedents.rules import builtin_seeds, lifecycle
from shared.precedents.rules.validation import failed, findings
from tests.conftest import NOON, examples
from tests.precedents.samples import (
    GENESIS,
    GOVERNOR,
    GUARDIAN,
    ID,
    OTHER,
    SERVICE,
    active,
    days,
    draft,
    validated,
)


def refused(kind, act, *args, **how):
    with pytest.raises(kind) as found:
        act(*args, **how)
    return found.value.violations[0].rule if found.value.violations else None


def proved(**changes):
    counts = {"match_count": 10, "compared_count": 50, "agreed_count": 49}
    learned = validated(draft(by_governor=False, samples=3))
    return learned.model_copy(update=counts | changes)


def test_the_shipped_seeds_pass_their_own_test():
    seeds = builtin_seeds.shipped(NOON)
    assert len(seeds) == builtin_seeds.given("GEN") == 4
    for seed in seeds:
        assert failed(findings(seed)) == ()
        assert seed.violations() == ()
        assert seed.status == "active"
    assert len({seed.id for seed in seeds}) == 4
    assert builtin_seeds.shipped(days(1))[0].id == seeds[0].id
    assert [bool(seed.expires_at) for seed in seeds] == [seed.auto_approve for seed in seeds]


def test_a_valid_rule_goes_into_shadow_with_a_number():
    seed = validated(draft())
    assert (seed.status, seed.seed_id, seed.validated_by) == ("shadow", "GEN-005", "genesis")
    assert seed.shadow_since == NOON
    assert seed.violations() == ()
    assert validated(draft(domain="governance"), number=7).seed_id == "GOV-007"


@pytest.mark.parametrize("outcome", ["reject", "revise"])
def test_a_judgement_of_genesis_is_final_for_a_draft(outcome):
    seed = validated(draft(), outcome=outcome)
    assert (seed.status, seed.seed_id) == ("draft", None)
    assert refused(Conflict, validated, seed) == "seed_state"


def test_what_was_put_off_may_be_validated_later():
    assert validated(validated(draft(), outcome="defer")).status == "shadow"


def test_a_seed_that_clashes_with_one_in_force_is_put_off():
    other = active(id=OTHER, decision="gate_added", auto_approve=False)
    assert validated(draft(), others=(other,)).validation.outcome == "defer"
    assert validated(draft(supersedes=OTHER), others=(other,)).status == "shadow"


def test_nobody_validates_their_own_rule():
    refused(SelfApproval, validated, draft(author="genesis"))
    own = validated(draft()).model_copy(update={"validated_by": "governor"})
    assert {one.rule for one in own.violations()} == {"L0-01"}


WRONG = [
    ("S1", {"domain": "ethics"}),
    ("S1", {"decision": "gate_added"}),
    ("S1", {"rationale": "L0-99 says so, and that is all there is to say of it here, " * 3}),
    ("S2", {"conditions": []}),
    ("S2", {"conditions": [{"id": "a", "fact": "f", "operator": "gte", "value": "much"}]}),
    ("S2", {"conditions": [{"id": "a", "fact": "f", "operator": "in", "value": "a"}]}),
    ("S2", {"conditions": [{"id": "a", "fact": "f", "operator": "exists", "value": "a"}]}),
    ("S2", {"conditions": [{"id": "a", "fact": "f", "operator": "eq", "value": True}] * 2}),
    ("S3", {"rationale": "Because it has always been done like this, and nobody minded. " * 3}),
    ("S3", {"by_governor": False, "samples": 2}),
    ("S4", {"ceiling": {"tenants": ("acme",)}}),
    ("S5", {"approval_types": ["financial"]}),
    ("S5", {"ceiling": {"data_classes": ["restricted_pii"]}}),
    ("S5", {"principle": "Skip the fact check of short texts."}),
    ("S5", {"principle": "Publish short texts without an entry in the audit log."}),
    ("S5", {"ceiling": {"actions": ["agent.deploy", "audit.append"]}}),
    ("S5", {"ceiling": {"actions": ["record.delete"]}}),
    ("S5", {"ceiling": {"integrations": ["*"]}}),
    ("S5", {"approval_class": "agent.reactivate:HC:*"}),
    ("S5", {"by_governor": False, "samples": 3, "ceiling": {"reversibility": ("irreversible",)}}),
]


@pytest.mark.parametrize(("code", "changes"), WRONG)
def test_a_rule_that_fails_a_question_is_rejected_whatever_genesis_says(code, changes):
    seed = draft(**changes)
    assert [one.code for one in failed(findings(seed))] == [code]
    after = validated(seed)
    assert (after.status, after.validation.outcome) == ("draft", "reject")
    assert refused(Invalid, lifecycle.activated, after, by=GOVERNOR, at=NOON) == "seed_rejected"


def test_what_adds_a_gate_weakens_none():
    assert weakens(draft(approval_types=["financial"], auto_approve=False)) == ()


def test_a_seed_that_weakens_a_gate_can_never_be_in_force():
    weak = validated(draft()).model_copy(update={"approval_types": ("financial",)})
    assert {one.rule for one in weak.violations()} == {"L0-07"}
    assert weak.model_copy(update={"status": "draft"}).violations() == ()


def test_a_rejection_without_findings_says_why():
    after = validated(draft(), outcome="reject")
    assert refused(Invalid, lifecycle.activated, after, by=GOVERNOR, at=NOON) == "seed_rejected"


def test_what_the_governor_wrote_is_activated_after_validation():
    seed = active()
    assert (seed.status, seed.approved_by) == ("active", "governor")
    assert seed.expires_at == days(365)
    assert seed.violations() == ()
    assert lifecycle.activated(seed, by=GOVERNOR, at=days(1)) is seed
    refused(Conflict, lifecycle.activated, draft(), by=GOVERNOR, at=NOON)


def test_what_was_learned_proves_itself_in_shadow_first():
    assert lifecycle.activated(proved(), by=GOVERNOR, at=days(14)).status == "active"
    for changes, at in [
        ({}, days(13)),
        ({"match_count": 9}, days(14)),
        ({"agreed_count": 48}, days(14)),
        ({"compared_count": 0, "agreed_count": 0}, days(14)),
    ]:
        seed = proved(**changes)
        assert refused(Conflict, lifecycle.activated, seed, by=GOVERNOR, at=at) == "seed_state"


@pytest.mark.parametrize("other", [GENESIS, GUARDIAN, SERVICE])
def test_only_the_governor_activates(other):
    with pytest.raises(Forbidden):
        lifecycle.activated(validated(draft()), by=other, at=NOON)
    abroad = GOVERNOR.model_copy(update={"tenant": "acme"})
    with pytest.raises(Forbidden):
        lifecycle.activated(validated(draft()), by=abroad, at=NOON)


def test_a_successor_takes_the_place_of_what_it_names():
    old = active()
    new = validated(draft(id=OTHER, supersedes=ID), number=6)
    after, successor = lifecycle.superseded(old, new, by=GOVERNOR, at=NOON)
    assert (after.status, after.superseded_by) == ("superseded", OTHER)
    assert successor.status == "active"
    stranger = validated(draft(id=OTHER))
    assert (
        refused(Conflict, lifecycle.superseded, old, stranger, by=GOVERNOR, at=NOON) == "seed_state"
    )


def test_a_seed_ends_with_a_reason():
    old = lifecycle.deprecated(active(), by=GOVERNOR, reason="It matched nothing for long.")
    assert (old.status, old.deprecation_reason) == ("deprecated", "It matched nothing for long.")
    assert lifecycle.deprecated(old, by=GOVERNOR, reason="Once more.") is old
    assert lifecycle.deprecated(active(), by=SERVICE, reason="It was idle.").status == "deprecated"
    with pytest.raises(Forbidden):
        lifecycle.deprecated(active(), by=GENESIS, reason="It was idle.")


@pytest.mark.parametrize("by", [GOVERNOR, GUARDIAN])
def test_the_governor_and_the_vision_guardian_revoke(by):
    gone = lifecycle.revoked(active(), by=by, reason="It lets wrong claims pass.")
    assert gone.status == "revoked"
    assert lifecycle.revoked(gone, by=by, reason="Once more.") is gone
    with pytest.raises(Forbidden):
        lifecycle.revoked(active(), by=GENESIS, reason="It lets wrong claims pass.")


def test_the_switch_is_the_governors():
    off = lifecycle.switched(None, on=False, reason="An incident.", by=GOVERNOR, at=NOON)
    assert not off.on
    assert off.violations() == ()
    assert lifecycle.switched(off, on=False, reason="Again.", by=GOVERNOR, at=NOON) is off
    assert lifecycle.switched(off, on=True, reason="Over.", by=GOVERNOR, at=NOON).on
    with pytest.raises(Forbidden):
        lifecycle.switched(off, on=True, reason="Over.", by=GUARDIAN, at=NOON)
    broken = off.model_copy(update={"governance_agent_id": ""})
    assert [one.rule for one in broken.violations()] == ["L0-01"]


def test_what_is_not_approved_is_never_in_force():
    seed = active().model_copy(update={"approved_by": None})
    assert [one.rule for one in seed.violations()] == ["L0-07"]


class Life(RuleBasedStateMachine):
    """One seed, many hands."""

    @initialize(by_governor=st.booleans())
    def write(self, by_governor):
        self.seed, self.day = draft(by_governor=by_governor, samples=3), 0

    def attempt(self, act, *args, **how):
        before = self.seed
        try:
            after = act(before, *args, **how)
        except Refusal:
            return
        assert after.status == before.status or after.status in lifecycle.NEXT[before.status]
        assert after.scope_hash == before.scope_hash
        assert after.conditions == before.conditions
        self.seed = after

    @rule(outcome=st.sampled_from(["approve", "reject", "revise", "defer"]))
    def judge(self, outcome):
        self.attempt(validated, outcome=outcome, at=days(self.day))

    @rule(by=st.sampled_from([GOVERNOR, GENESIS, SERVICE]))
    def activate(self, by):
        self.attempt(lifecycle.activated, by=by, at=days(self.day))

    @rule(by=st.sampled_from([GOVERNOR, GUARDIAN, SERVICE]))
    def revoke(self, by):
        self.attempt(lifecycle.revoked, by=by, reason="It was wrong.")

    @rule(by=st.sampled_from([GOVERNOR, GENESIS]))
    def deprecate(self, by):
        self.attempt(lifecycle.deprecated, by=by, reason="It was idle.")

    @rule(count=st.integers(1, 20))
    def wait(self, count):
        self.day += count

    @rule(agreed=st.integers(0, 20))
    def prove(self, agreed):
        counts = {"match_count": 20, "compared_count": 20, "agreed_count": agreed}
        self.seed = self.seed.model_copy(update=counts)

    @invariant()
    def nothing_decides_that_was_not_validated_and_activated(self):
        if self.seed.status == "active":
            assert self.seed.validated_by == GENESIS.id
            assert self.seed.approved_by == GOVERNOR.id
        assert self.seed.violations() == ()


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=examples(50), stateful_step_count=20)
