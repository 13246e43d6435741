"""A draft rests on decisions of the past, and nobody writes too many."""

from itertools import count

import pytest

from functions.approvals.approve_approval import Agreement, approve_approval
from functions.approvals.create_approval import create_approval
from functions.approvals.create_veto import Objection, create_veto
from functions.approvals.reject_approval import Rejection, reject_approval
from functions.learning.create_seed_draft import create_seed_draft
from functions.learning.get_seed_draft import get_seed_draft
from functions.learning.list_seed_drafts import DraftListing, list_seed_drafts
from functions.learning.submit_seed_draft import submit_seed_draft
from functions.precedents.activate_precedent_seed import activate_precedent_seed
from functions.precedents.validate_precedent_seed import SeedReview, validate_precedent_seed
from shared.actors import Role
from shared.approvals.events.lifecycle import ApprovalExpired
from shared.approvals.events.use import ApprovalConsumed
from shared.approvals.models.approvals import Approval, Consumer
from shared.approvals.rules import binding
from shared.approvals.rules.decisions import unused
from shared.errors import Conflict, Invalid, NotFound, RateLimited
from shared.learning.models import NewDraft
from shared.precedents.events import SeedApproved
from shared.precedents.models.seeds import PrecedentSeed
from tests import answered
from tests.approvals.questions import needed
from tests.conftest import DEPLOYMENT, NOON
from tests.precedents.samples import active, another, in_service, request, rule

AUTHOR = Role.AGENT_ORCHESTRATOR


@pytest.fixture
def decided(call_as):
    """Have people decide on some requests of the class, no faster than they can read."""
    minutes = count(0, 0.2)

    def decide(approved, rejected=0, **changes):
        ids = []
        for number in range(approved + rejected):
            asked = answered.body(
                create_approval(call_as(Role.SERVICE), another(**changes), DEPLOYMENT)
            )
            if number < approved:
                body = Agreement(expected_digest=asked.action_digest)
                approve_approval(call_as(Role.GOVERNOR, at=next(minutes)), asked.id, body)
            else:
                why = Rejection(reason="It was never tested.")
                reject_approval(call_as(Role.GOVERNOR), asked.id, why)
            ids.append(asked.id)
        return tuple(ids)

    return decide


def propose(call_as, evidence=(), role=AUTHOR, at=0, **changes):
    new = NewDraft(rule=rule(**changes), evidence_refs=evidence, note="Seen for weeks.")
    return answered.body(create_seed_draft(call_as(role, at=at), new))


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


def test_what_was_objected_to_speaks_for_no_rule(call_as, decided):
    evidence = decided(4)
    veto(call_as, evidence[0])
    found = propose(call_as, evidence)
    assert (found.support, found.confidence_bp) == (3, 7_500)
    use(call_as, evidence[1])
    veto(call_as, evidence[1])
    with pytest.raises(Invalid) as refused:
        propose(call_as, evidence)
    assert refused.value.violations[0].rule == "missing_evidence"


def test_what_was_approved_and_then_closed_unused_still_speaks_for_a_rule(call_as, decided):
    evidence = decided(3)
    for id in evidence:
        call = call_as(Role.SERVICE)
        with call.transaction() as txn:
            after = unused(txn.get(Approval, id), why="not_started", at=call.now)
            assert after.status == "expired"
            txn.save(after, ApprovalExpired.of(after))
    assert propose(call_as, evidence).support == 3


@pytest.mark.parametrize("step", ["submit", "validate", "activate"])
def test_an_objection_after_the_draft_counts_at_every_later_step(call_as, decided, step):
    evidence = decided(3)
    made = propose(call_as, evidence)
    if step == "submit":
        veto(call_as, evidence[0])
    submitted = submit_seed_draft(call_as(AUTHOR), made.id)
    if step == "validate":
        veto(call_as, evidence[0])
    id, review = (
        submitted.precedent_seed_id,
        SeedReview(outcome="approve", rationale="It was seen."),
    )
    seed = validate_precedent_seed(call_as(Role.GENESIS), id, review)
    if step != "activate":
        assert (seed.status, seed.sample_count, seed.confidence_bp) == ("draft", 2, 6_666)
        assert [one.code for one in seed.validation.findings if not one.passed] == ["S3"]
        return
    veto(call_as, evidence[0])
    with pytest.raises(Conflict) as refused:
        activate_precedent_seed(call_as(Role.GOVERNOR, at=20 * 1440), id)
    assert "2 of 3 approvals" in refused.value.detail


def test_what_a_rule_granted_speaks_for_no_rule(call_as):
    with call_as(Role.GOVERNOR).transaction() as txn:
        seed = active()
        txn.create(seed, SeedApproved.of(seed))
    in_service(call_as)
    granted = [
        answered.body(create_approval(call_as(Role.SERVICE), another(), DEPLOYMENT))
        for _ in range(3)
    ]
    assert {one.seed_id for one in granted} == {"GEN-005"}
    for act in (propose, generate):
        with pytest.raises(Invalid):
            act(call_as, tuple(one.id for one in granted))


def test_nobody_makes_a_rule_of_one_decision(call_as, decided):
    (one,) = decided(1)
    for new in (
        NewDraft(evidence_refs=(one,)),
        NewDraft(evidence_refs=(one, one, one)),
        NewDraft(rule=rule(), evidence_refs=(one,)),
    ):
        with pytest.raises(Invalid):
            create_seed_draft(call_as(Role.GOVERNOR), new)
    made = answered.body(
        create_seed_draft(call_as(Role.GOVERNOR), NewDraft(evidence_refs=decided(3)))
    )
    assert not made.by_governor


def use(call_as, id):
    with call_as(Role.SERVICE).transaction() as txn:
        before = txn.get(Approval, id)
        step = Consumer(run_id="r", step_id="s")
        after = binding.consume(before, by=step, question=needed(before), at=NOON)
        txn.save(after, ApprovalConsumed.of(after))


def veto(call_as, id):
    why = Objection(approval_id=id, category="safety", explanation="It was wrong after all.")
    create_veto(call_as(Role.GOVERNOR), why)


# --- made of decisions alone ---------------------------------------------------------------------


def generate(call_as, evidence):
    return answered.body(create_seed_draft(call_as(AUTHOR), NewDraft(evidence_refs=evidence)))


def test_a_rule_is_made_of_what_approved_requests_have_in_common(call_as, decided):
    evidence = (
        *decided(1, facts={"alignment_score": 95, "manifest_hash": "0" * 64, "country": "DE"}),
        *decided(2, facts={"alignment_score": 85, "manifest_hash": "0" * 64}, risk="low"),
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
    assert (found.support, found.confidence_bp, ceiling.tenants) == (3, 7_500, ("platform",))
    (act,) = found.coverage.acts
    assert act.approval_class == "agent.deploy:HC:JOB-HC-001"
    named = {one.name: one.any or one.one_of or (one.least, one.most) for one in act.arguments}
    assert named == {
        "agent_id": (request().subject["agent_id"],),
        "stage": (6,),
        "spec_hash": ("0" * 64,),
        "gate_results_hash": "digest",
        "chain_version": "count",
    }
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
        decided(3, facts={"data_classes": None}),
        decided(3, facts={"integrations": "Word press"}),
        decided(3, facts={"topic": "asthma"}),
        decided(3, facts={"data_classes": ",".join(f"c{n}" for n in range(51))}),
        decided(3, approval_class="agent.deploy:HC:a*"),
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
