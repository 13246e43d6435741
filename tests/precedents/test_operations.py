"""Seeds as people, services and events meet them."""

import pytest

from functions.approvals.approve_approval import Agreement, approve_approval
from functions.approvals.reject_approval import Rejection, reject_approval
from functions.learning.create_seed_draft import create_seed_draft
from functions.learning.submit_seed_draft import submit_seed_draft
from functions.policy.set_freeze import set_freeze
from functions.policy.ship_policy_bundles import ship_policy_bundles
from functions.precedents.activate_precedent_seed import activate_precedent_seed
from functions.precedents.deprecate_precedent_seed import Deprecation, deprecate_precedent_seed
from functions.precedents.get_precedent_seed import get_precedent_seed
from functions.precedents.get_seed_metrics import get_seed_metrics
from functions.precedents.judge_seeds import judge_seeds
from functions.precedents.list_precedent_seeds import SeedQuery, list_precedent_seeds
from functions.precedents.match_precedent_seeds import match_precedent_seeds
from functions.precedents.reopen_held_approvals import reopen_held_approvals
from functions.precedents.reopen_more_approvals import reopen_more_approvals
from functions.precedents.replay_precedent_seed import ReplayRequest, replay_precedent_seed
from functions.precedents.revoke_precedent_seed import Revocation, revoke_precedent_seed
from functions.precedents.ship_precedent_seeds import ship_precedent_seeds
from functions.precedents.supersede_precedent_seed import Succession, supersede_precedent_seed
from functions.precedents.switch_precedent_seeds import Switching, switch_precedent_seeds
from functions.precedents.validate_precedent_seed import SeedReview, validate_precedent_seed
from shared.actors import PLATFORM, Role
from shared.agents.models.agents import Agent
from shared.approvals.events.lifecycle import ApprovalConfirmed, ApprovalGranted
from shared.approvals.events.vetoes import VetoRecorded
from shared.approvals.models.approvals import Approval
from shared.documents import Condition, Key, Query, Write
from shared.errors import IntegrityHold
from shared.evidence import state_hash
from shared.learning.models import NewDraft, SeedDraft
from shared.policy.models.standing import Freezing
from shared.precedents.actions import reading
from shared.precedents.events import HeldApprovalsDue, SeedRevoked
from shared.precedents.models.seeds import SWITCH, PrecedentSeed, SeedSwitch
from shared.precedents.rules.matching import explained
from tests import answered
from tests.approvals.questions import CALLBACK
from tests.conftest import NOON, FakeEnforcing
from tests.precedents.conftest import heard, vetoed
from tests.precedents.samples import active, draft, in_service, request, rule, validated

WHY = "It was looked at by several people."

MORE = Query("dues", (Condition("action", "==", HeldApprovalsDue.traits.action),))


def write_seed(call_as, at=0, role=Role.GOVERNOR, **changes):
    new = NewDraft(rule=rule(**changes))
    proposed = answered.body(create_seed_draft(call_as(role, at=at), new))
    submitted = submit_seed_draft(call_as(role, at=at), proposed.id)
    review = SeedReview(outcome="approve", rationale=WHY)
    return validate_precedent_seed(
        call_as(Role.GENESIS, at=at), submitted.precedent_seed_id, review
    )


def test_a_rule_of_the_governor_decides_the_next_request(call_as, ask, entries):
    in_service(call_as)
    assert ask().status == "pending"
    seed = write_seed(call_as)
    assert ask().status == "pending"
    activate_precedent_seed(call_as(Role.GOVERNOR), seed.id)
    approval = ask(callback_url=CALLBACK)
    assert (approval.status, approval.seed_id) == ("approved", "GEN-005")
    (granted,) = entries("approval.granted")
    assert (granted.data["auto"], granted.data["seed_id"]) == (True, "GEN-005")
    assert granted.decision_context.seed_ids == ("GEN-005",)
    with call_as(Role.SERVICE).transaction() as txn:
        made = txn.get(SeedDraft, seed.draft_id)
        assert (made.status, made.precedent_seed_id) == ("accepted", seed.id)


def freeze(call_as, on):
    set_freeze(call_as(Role.GOVERNOR), Freezing(on=on, reason=WHY))


@pytest.mark.parametrize("tenant", [PLATFORM, "acme"])
def test_in_a_freeze_a_seed_leaves_everything_to_people(call_as, ask, kept, reacting, tenant):
    in_service(call_as)
    kept(active())
    ship_policy_bundles(reacting(), FakeEnforcing())
    for frozen in (True, False):
        freeze(call_as, on=frozen)
        [seed] = match_precedent_seeds(call_as(Role.SERVICE, tenant=tenant), request()).candidates
        assert [one.rule for one in seed.reasons if not one.passed] == ["frozen"] * frozen
        approval = ask(tenant=tenant)
        assert (approval.status, approval.seed_id) == (
            ("pending", None) if frozen else ("approved", "GEN-005")
        )


def test_the_first_agent_of_an_industry_is_for_people(call_as, ask, kept):
    kept(active())
    assert ask().status == "pending"
    in_service(call_as)
    assert ask().status == "approved"


def test_the_switch_stops_all_seeds_at_once(call_as, ask, kept):
    in_service(call_as)
    kept(active())
    for on, status in ((False, "pending"), (False, "pending"), (True, "approved")):
        switch_precedent_seeds(call_as(Role.GOVERNOR), Switching(on=on, reason=WHY))
        assert ask().status == status
        assert get_seed_metrics(call_as(Role.VIEWER)).on is on


def test_a_revoked_seed_decides_nothing_more(call_as, ask, kept, entries):
    in_service(call_as)
    seed = kept(active())
    ask()
    for _ in range(2):
        revoke_precedent_seed(call_as(Role.VISION_GUARDIAN), seed.id, Revocation(reason=WHY))
    assert ask().status == "pending"
    assert len(entries("seed.revoked")) == 1


def test_what_a_revoked_seed_granted_and_is_held_is_asked_again(
    call_as, ask, kept, entries, reacting
):
    in_service(call_as)
    seed = kept(active(ceiling={"reversibility": ("reversible", "irreversible")}))
    held = [ask(tenant=name, reversibility="irreversible") for name in ("platform", "acme")]
    done = ask()
    revoke_precedent_seed(call_as(Role.GOVERNOR, at=60), seed.id, Revocation(reason=WHY))
    for _ in range(2):
        reopen_held_approvals(
            reacting(f"precedent_seeds/{seed.id}", at=61), SeedRevoked(reason=WHY)
        )
    for before in (*held, done):
        with call_as(Role.SERVICE, tenant=before.tenant_id).transaction() as txn:
            after = txn.get(Approval, before.id)
        assert after.status == ("approved" if before is done else "pending")
        assert after.audit.n == before.audit.n + (before is not done)
        assert after.violations() == ()
    assert after.seed_id == "GEN-005"


@pytest.mark.parametrize("rehashed", [False, True])
def test_a_seed_that_somebody_rewrote_grants_nothing(call_as, ask, kept, documents, rehashed):
    in_service(call_as)
    place = Key("platform", PrecedentSeed.collection, kept(active()).id)
    low = {"id": "low", "fact": "alignment_score", "operator": "gte", "value": 0}
    told = [one for one in documents.get(place).data["conditions"] if one["id"] != "aligned"]
    bent = documents.get(place).data | {"conditions": [low, *told]}
    if rehashed:
        bent["audit"] = bent["audit"] | {"state_hash": state_hash(bent)}
    documents.commit([Write(place, bent)])
    with pytest.raises(IntegrityHold):
        ask(facts={"alignment_score": 1})
    assert documents.find("platform", Query(Approval.collection)) == []


def test_a_switch_that_somebody_removed_does_not_switch_on(call_as, ask, kept, documents):
    in_service(call_as)
    kept(active())
    switch_precedent_seeds(call_as(Role.GOVERNOR), Switching(on=False, reason=WHY))
    assert ask().status == "pending"
    documents.commit([Write(Key("platform", SeedSwitch.collection, SWITCH), None)])
    with pytest.raises(IntegrityHold):
        ask()


@pytest.mark.slow
def test_however_much_a_revoked_seed_granted_all_of_it_is_asked_again(
    call_as, ask, kept, reacting, documents
):
    in_service(call_as)
    seed = kept(active(ceiling={"reversibility": ("reversible", "irreversible")}))
    tenants = ("platform", "acme", "globex")
    held = [ask(tenant=tenants[n % 3], reversibility="irreversible") for n in range(330)]
    assert {one.status for one in held} == {"approved"}
    revoke_precedent_seed(call_as(Role.GOVERNOR, at=60), seed.id, Revocation(reason=WHY))
    reopen_held_approvals(reacting(f"precedent_seeds/{seed.id}", at=61), SeedRevoked(reason=WHY))
    looks = 1
    while promised := documents.find("platform", MORE):
        documents.commit([Write(one.key, None) for one in promised])
        reopen_more_approvals(
            reacting(f"precedent_seeds/{seed.id}", at=61 + looks), HeldApprovalsDue()
        )
        looks += 1
    statuses = {
        row.data["status"] for row in documents.find(None, Query(Approval.collection, limit=1000))
    }
    assert (statuses, looks) == ({"pending"}, 4)


def test_a_deprecated_seed_decides_nothing_more(call_as, ask, kept, entries):
    in_service(call_as)
    seed = kept(active())
    for _ in range(2):
        deprecate_precedent_seed(call_as(Role.GOVERNOR), seed.id, Deprecation(reason=WHY))
    assert ask().status == "pending"
    assert len(entries("seed.deprecated")) == 1


def test_a_customers_request_is_answered_by_the_platforms_seeds(call_as, ask, kept):
    in_service(call_as)
    kept(active())
    approval = ask(tenant="acme")
    assert (approval.tenant_id, approval.seed_id) == ("acme", "GEN-005")
    kept(active(id="77777777-7777-4777-8777-777777777777", number=6, approval_class="agent.*"))
    assert ask(tenant="acme").seed_id == "GEN-005"


@pytest.mark.parametrize(
    ("said", "against"),
    [({"health_status": "suspended"}, "agent"), ({"industry_code": "FN"}, "recorded"), ({}, None)],
)
def test_the_agents_record_counts_and_not_what_is_said_of_it(call_as, monkeypatch, said, against):
    in_service(call_as)
    record = {"health_status": "healthy", "industry_code": "HC"} | said
    agent = Agent.model_construct(id="a", initiated_by="a", **record)
    monkeypatch.setattr("shared.store.Transaction.get_or_none", _with_agent(agent))
    with call_as(Role.SERVICE).transaction() as txn:
        known = reading.known_of(txn, txn, request(), (), at=NOON)
    told = explained(active(), request(), known, tenant=PLATFORM, at=NOON)
    assert [one.rule for one in told if not one.passed] == [against] * bool(against)


def _with_agent(agent):
    from shared.store import Transaction

    get_or_none = Transaction.get_or_none
    return lambda txn, kind, id: agent if kind is Agent else get_or_none(txn, kind, id)


# --- what becomes of its answers -----------------------------------------------------------------


def test_every_answer_of_a_seed_is_counted(call_as, ask, kept, read, reacting, entries):
    in_service(call_as)
    seed = kept(active())
    for tenant in ("platform", "acme"):
        approval = ask(tenant=tenant)
        told = ApprovalGranted.of(approval)
        heard(reacting, judge_seeds, told, approval.id, tenant=tenant, at=1)
    assert read(seed).match_count == 2
    matched = [entry.data for entry in entries("seed.matched")]
    assert {(m["mode"], m["would_have_approved"], m["human_agreed"]) for m in matched} == {
        ("active", True, None)
    }
    heard(reacting, judge_seeds, ApprovalConfirmed(veto_until=NOON), approval.id, tenant="acme")
    assert read(seed).success_count == 1
    figures = get_seed_metrics(call_as(Role.VIEWER)).figures
    assert (figures.match_rate_bp, figures.veto_rate_bp) == (10_000, 0)


def test_the_third_objection_ends_a_seed(call_as, ask, kept, read, reacting, entries):
    in_service(call_as)
    seed = kept(active())
    approvals = [ask() for _ in range(3)]
    for count, approval in enumerate(approvals, 1):
        heard(reacting, judge_seeds, vetoed(approval), "-")
        assert read(seed).false_positive_count == count
        assert read(seed).status == ("deprecated" if count == 3 else "active")
    assert read(seed).version_hash != seed.version_hash
    (told,) = entries("seed.deprecated")
    assert told.data["false_positives"] == 3
    assert ask().status == "pending"
    view = get_precedent_seed(call_as(Role.VIEWER), seed.id)
    assert view.effectiveness.objections == 3
    assert not view.effectiveness.idle
    assert get_precedent_seed(call_as(Role.VIEWER, at=91 * 1440), seed.id).effectiveness.idle


def test_counters_are_not_part_of_the_version(call_as, ask, kept, read, reacting):
    in_service(call_as)
    seed = kept(active())
    approval = ask()
    heard(reacting, judge_seeds, ApprovalGranted.of(approval), approval.id)
    assert read(seed).version_hash == seed.version_hash


def test_the_veto_of_a_run_without_an_approval_says_nothing_about_seeds(reacting):
    run = VetoRecorded(
        run_id="r", category="safety", window_end=NOON, offline=False, effect="cancelled"
    )
    heard(reacting, judge_seeds, run, "-")


# --- looking -------------------------------------------------------------------------------------


def test_every_condition_is_explained(call_as, kept):
    in_service(call_as)
    kept(active())
    found = match_precedent_seeds(call_as(Role.SERVICE), request())
    assert found.decides == "GEN-005"
    low = match_precedent_seeds(call_as(Role.SERVICE), request(facts={"alignment_score": 10}))
    assert low.decides is None
    (candidate,) = low.candidates
    (reason,) = [one for one in candidate.reasons if not one.passed]
    assert reason.rule == "condition aligned"
    assert (reason.detail, reason.known) == ("alignment_score is 10; 80 at least", True)
    assert all(one.passed for one in low.reserved)


def test_decisions_of_the_past_are_replayed_through_a_draft(call_as, ask, kept):
    seed = kept(draft())
    asked = [ask(), ask(facts={"alignment_score": 10}), ask(), ask()]
    for approval in asked[:2]:
        body = Agreement(expected_digest=approval.action_digest)
        approve_approval(call_as(Role.GOVERNOR), approval.id, body)
    reject_approval(call_as(Role.GOVERNOR), asked[2].id, Rejection(reason=WHY))
    found = replay_precedent_seed(call_as(Role.GENESIS), seed.id, ReplayRequest())
    assert (found.considered, found.would_have_approved, found.agreed) == (3, 2, 1)
    assert (found.agreement_bp, found.harmful) == (3_333, 1)
    by_id = {one.approval_id: one for one in found.disagreements}
    assert [r.rule for r in by_id[asked[1].id].against] == ["condition aligned"]
    assert by_id[asked[2].id].would_have_approved
    exact = kept(draft(id="88888888-8888-4888-8888-888888888888", approval_class="a:HC:x"))
    nothing = replay_precedent_seed(call_as(Role.GENESIS), exact.id, ReplayRequest())
    assert (nothing.considered, nothing.agreement_bp) == (0, None)


def test_shipped_seeds_are_stored_once(call_as, reacting):
    for _ in range(2):
        ship_precedent_seeds(reacting())
    found = list_precedent_seeds(call_as(Role.VIEWER), SeedQuery())
    assert {seed.seed_id for seed in found.items} == {"GEN-001", "GEN-002", "GEN-003", "GEN-004"}
    only = list_precedent_seeds(call_as(Role.VIEWER), SeedQuery(auto_approve=True))
    assert {seed.seed_id for seed in only.items} == {"GEN-002", "GEN-004"}


def test_shipped_rules_decide_as_they_say(call_as, ask, reacting):
    ship_precedent_seeds(reacting())
    facts = {
        "fact_check": "passed",
        "hipaa_compliant": True,
        "medical_claims_verified": True,
        "high_risk_claims": False,
    }
    post = {
        "type": "communication",
        "gate": "step",
        "approval_class": "publish_content:HC:blog",
        "subject_kind": "action",
        "subject": {"typ": "action/v1", "tool": "wordpress.publish"},
    }
    facts |= dict.fromkeys(("alignment_score", "completeness", "rollback_planned"))
    assert ask(tenant="acme", **post, facts=facts).seed_id == "GEN-004"
    off_label = facts | {"high_risk_claims": True}
    assert ask(tenant="acme", **post, facts=off_label).status == "pending"
    sent = post | {"reversibility": "irreversible"}
    assert ask(tenant="acme", **sent, facts=facts).status == "pending"


def test_a_successor_takes_over_in_one_commit(call_as, kept, read, ask):
    in_service(call_as)
    old = kept(active())
    other = "88888888-8888-4888-8888-888888888888"
    new = kept(validated(draft(id=other, supersedes=old.id), number=6))
    supersede_precedent_seed(call_as(Role.GOVERNOR), old.id, Succession(successor_id=new.id))
    assert (read(old).status, read(new).status) == ("superseded", "active")
    assert ask().seed_id == "GEN-006"


def test_a_rule_that_genesis_rejects_keeps_no_number(call_as):
    seed = write_seed(call_as, conditions=())
    assert (seed.status, seed.seed_id) == ("draft", None)
    assert [one.code for one in seed.validation.findings if not one.passed] == ["S2"]
    assert write_seed(call_as).seed_id == "GEN-005"


def test_activating_twice_changes_nothing(call_as, kept, entries):
    seed = kept(active())
    activate_precedent_seed(call_as(Role.GOVERNOR), seed.id)
    assert len(entries("seed.approved")) == 1
