"""A draft rests on decisions of the past, and nobody writes too many."""

import pytest

from functions.approvals.approve_approval import Agreement, approve_approval
from functions.approvals.create_approval import create_approval
from functions.approvals.reject_approval import Rejection, reject_approval
from functions.learning.create_seed_draft import create_seed_draft
from functions.learning.get_seed_draft import get_seed_draft
from functions.learning.list_seed_drafts import DraftListing, list_seed_drafts
from functions.learning.submit_seed_draft import submit_seed_draft
from functions.precedents.validate_precedent_seed import SeedReview, validate_precedent_seed
from shared.errors import Conflict, Invalid, NotFound, RateLimited
from shared.identity import Role
from shared.learning.requests import NewDraft
from shared.precedents.models import PrecedentSeed
from tests.conftest import DEPLOYMENT
from tests.precedents.samples import another, rule

AUTHOR = Role.AGENT_ORCHESTRATOR


@pytest.fixture
def decided(call_as):
    """Have people decide on some requests of the class."""

    def decide(approved, rejected=0, **changes):
        ids = []
        for number in range(approved + rejected):
            asked = create_approval(call_as(Role.SERVICE), another(**changes), DEPLOYMENT)
            if number < approved:
                body = Agreement(expected_digest=asked.action_digest)
                approve_approval(call_as(Role.GOVERNOR), asked.id, body)
            else:
                why = Rejection(reason="It was never tested.")
                reject_approval(call_as(Role.GOVERNOR), asked.id, why)
            ids.append(asked.id)
        return tuple(ids)

    return decide


def propose(call_as, evidence=(), role=AUTHOR, at=0, **changes):
    new = NewDraft(rule=rule(**changes), evidence_refs=evidence, note="Seen for weeks.")
    return create_seed_draft(call_as(role, at=at), new)


def test_a_draft_rests_on_at_least_three_approvals_of_its_class(call_as, decided):
    with pytest.raises(Invalid) as refused:
        propose(call_as, decided(2, 1))
    assert refused.value.violations[0].rule == "missing_evidence"
    elsewhere = decided(3, approval_class="agent.deploy:ED:x")
    with pytest.raises(Invalid):
        propose(call_as, elsewhere)
    found = propose(call_as, decided(3, 1))
    assert (found.support, found.confidence_bp, found.by_governor) == (3, 7_500, False)
    assert found.external_id == "AUTO-20260101-001"
    assert get_seed_draft(call_as(AUTHOR), found.id) == found


def test_evidence_must_exist(call_as):
    with pytest.raises(NotFound):
        propose(call_as, ("11111111-1111-4111-8111-111111111111",))


def test_a_governor_may_write_a_rule_from_nothing(call_as):
    found = propose(call_as, role=Role.GOVERNOR)
    assert (found.by_governor, found.support, found.confidence_bp) == (True, 0, 0)


def test_nobody_makes_more_than_ten_drafts_a_day(call_as):
    for _ in range(10):
        propose(call_as, role=Role.GOVERNOR)
    with pytest.raises(RateLimited) as refused:
        propose(call_as, role=Role.GOVERNOR)
    assert refused.value.retry_after_s == 12 * 3600
    assert propose(call_as, role=Role.GOVERNOR, at=1440).external_id == "AUTO-20260102-001"


def test_a_submitted_draft_becomes_a_seed_that_waits_for_genesis(call_as, decided):
    made = propose(call_as, decided(3))
    after = submit_seed_draft(call_as(AUTHOR), made.id)
    assert after.status == "submitted"
    with call_as(AUTHOR).transaction() as txn:
        seed = txn.get(PrecedentSeed, after.precedent_seed_id)
    assert (seed.status, seed.sample_count, seed.created_by) == ("draft", 3, AUTHOR.value)
    assert seed.by_governor is False
    with pytest.raises(Conflict):
        submit_seed_draft(call_as(AUTHOR), made.id)


def test_a_draft_that_weakens_a_gate_is_rejected_without_discussion(call_as):
    made = propose(call_as, role=Role.GOVERNOR, approval_types=("financial",))
    after = submit_seed_draft(call_as(Role.GOVERNOR), made.id)
    assert (after.status, after.precedent_seed_id) == ("rejected", None)
    assert [one.code for one in after.findings] == ["S5"]


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        ("approve", "accepted"),
        ("revise", "revise"),
        ("defer", "deferred"),
        ("reject", "rejected"),
    ],
)
def test_a_draft_says_what_genesis_said_of_it(call_as, decided, outcome, status):
    made = submit_seed_draft(call_as(AUTHOR), propose(call_as, decided(3)).id)
    review = SeedReview(outcome=outcome, rationale="It was looked at.")
    validate_precedent_seed(call_as(Role.GENESIS), made.precedent_seed_id, review)
    assert get_seed_draft(call_as(AUTHOR), made.id).status == status


def test_a_draft_answers_to_a_governor(call_as):
    found = propose(call_as, role=Role.GOVERNOR)
    assert found.violations() == ()
    broken = found.model_copy(update={"governance_agent_id": ""})
    assert [one.rule for one in broken.violations()] == ["L0-01"]


# --- made of decisions alone ---------------------------------------------------------------------


def generate(call_as, evidence):
    return create_seed_draft(call_as(AUTHOR), NewDraft(evidence_refs=evidence))


def test_a_rule_is_made_of_what_approved_requests_have_in_common(call_as, decided):
    evidence = (
        *decided(1, facts={"alignment_score": 95, "topic": "asthma", "sha": "0" * 64}),
        *decided(2, facts={"alignment_score": 85, "topic": "flu", "sha": "0" * 64}, risk="low"),
        *decided(0, 1, facts={"alignment_score": 10}),
    )
    found = generate(call_as, evidence)
    assert found.approval_class == "agent.deploy:HC:JOB-HC-001"
    assert {(c.fact, c.operator, c.value) for c in found.conditions} == {
        ("alignment_score", "gte", 85),
        ("alignment_score", "lte", 95),
        ("completeness", "eq", 100),
        ("rollback_planned", "eq", True),
    }
    ceiling = found.scope_ceiling
    assert (ceiling.max_risk, ceiling.data_classes, ceiling.integrations) == (
        *("medium", ("public",)),
        ("wordpress",),
    )
    assert (found.support, found.confidence_bp) == (3, 7_500)
    seed = submit_seed_draft(call_as(AUTHOR), found.id)
    review = SeedReview(outcome="approve", rationale="It was looked at.")
    validated = validate_precedent_seed(call_as(Role.GENESIS), seed.precedent_seed_id, review)
    assert validated.status == "shadow"


def test_requests_for_different_things_make_a_rule_for_all_of_their_kind(call_as, decided):
    evidence = decided(2) + decided(1, approval_class="agent.deploy:HC:JOB-HC-002")
    assert generate(call_as, evidence).approval_class == "agent.deploy:HC:*"


def test_too_little_in_common_makes_no_rule(call_as, decided):
    nothing = dict.fromkeys(("alignment_score", "completeness", "rollback_planned"))
    for evidence in (
        (),
        decided(0, 3),
        decided(2) + decided(1, approval_class="agent.deploy:ED:JOB-1"),
        decided(3, facts=nothing),
        decided(3, reversibility="irreversible"),
        decided(2),
    ):
        with pytest.raises(Invalid):
            generate(call_as, evidence)


def test_drafts_are_found_without_their_ids(call_as, decided):
    first = propose(call_as, decided(3))
    second = propose(call_as, (), role=Role.GOVERNOR, at=1)

    def listed(role=Role.GOVERNOR, **query):
        return [one.id for one in list_seed_drafts(call_as(role), DraftListing(**query)).items]

    assert listed() == [second.id, first.id]
    assert listed(status="submitted") == []
