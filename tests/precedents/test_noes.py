"""A rule's yes never overtakes a person's no, however the act is spelt (rulings 76 and 82)."""

import pytest

from functions.approvals.approve_approval import Agreement, approve_approval
from functions.approvals.create_veto import Objection, create_veto
from functions.approvals.reject_approval import Rejection, reject_approval
from functions.approvals.request_approval_changes import WantedChanges, request_approval_changes
from functions.precedents.replay_precedent_seed import ReplayRequest, replay_precedent_seed
from shared.actors import Role
from shared.approvals.events.lifecycle import ApprovalExpired
from shared.approvals.events.use import ApprovalConsumed
from shared.approvals.models.approvals import Approval, Consumer
from shared.approvals.rules import binding, decisions
from tests.approvals.questions import EXAMPLE, needed, others
from tests.conftest import NOON
from tests.precedents.samples import active, draft, in_service

WHY = "It was looked at by several people."
EVIDENCE = EXAMPLE["evidence_refs"]


@pytest.mark.parametrize("used", [False, True])
def test_a_veto_leaves_the_class_to_people_for_thirty_days(call_as, ask, kept, used):
    in_service(call_as)
    kept(active())
    approval = ask()
    if used:
        with call_as(Role.SERVICE).transaction() as txn:
            before = txn.get(Approval, approval.id)
            step = Consumer(run_id="r", step_id="s")
            after = binding.consume(before, by=step, question=needed(before), at=NOON)
            txn.save(after, ApprovalConsumed.of(after))
    objection = Objection(approval_id=approval.id, category="safety", explanation=WHY)
    create_veto(call_as(Role.GOVERNOR, at=1), objection)
    left_to_people(ask, at=30 * 1440 + 1)


def test_a_rejection_leaves_the_class_to_people_for_thirty_days(call_as, ask, kept):
    in_service(call_as)
    asked = ask()
    kept(active())
    reject_approval(call_as(Role.GOVERNOR, at=1), asked.id, Rejection(reason=WHY))
    left_to_people(ask, at=30 * 1440 + 1)


def left_to_people(ask, at):
    assert ask(at=at, **about("b")).status == "pending"
    assert ask(at=at, approval_class="agent.deploy:HC:job_hc_001", **about("c")).status == "pending"
    assert ask(tenant="acme").status == "approved"
    assert ask(approval_class="agent.deploy:HC:JOB-HC-002").status == "pending"
    assert ask(approval_class="agent.deploy:HC:JOB-HC-002", **about("a")).status == "approved"
    assert ask(at=at + 1, **about("d")).status == "approved"
    more = [{"kind": "finding", "ref": "more", "sha256": "f" * 64}]
    for spelling in ("agent.deploy:HC:JOB-HC-001", "agent.deploy:HC:Job_Hc_001"):
        again = ask(at=at + 1, approval_class=spelling, evidence_refs=[*EVIDENCE, *more])
        assert again.status == "pending"


def about(letter):
    """Say that a request is about another agent."""
    agent = f"{letter * 8}-0000-4000-8000-000000000000"
    return {"agent_id": agent, "subject": others() | {"agent_id": agent}}


def test_what_was_sent_back_is_let_in_by_no_rule(call_as, ask, kept):
    in_service(call_as)
    asked = ask()
    kept(active())
    changes = WantedChanges(changes=["Say who answers for it."])
    request_approval_changes(call_as(Role.GOVERNOR, at=1), asked.id, changes)
    later = ask(at=2, supersedes=asked.id)
    assert later.status == "pending"
    assert ask(at=3, **about("e")).status == "pending"


def test_silence_leaves_the_class_to_people_as_well(call_as, ask, kept):
    in_service(call_as)
    asked = ask()
    kept(active())
    with call_as(Role.SERVICE, at=240).transaction() as txn:
        before = txn.get(Approval, asked.id)
        version = before.decision_version
        after = decisions.expire(before, at=before.expires_at, decision_version=version)
        txn.save(after, ApprovalExpired.of(after))
    for spelling in ("agent.deploy:HC:JOB-HC-001", "agent.deploy:HC:job.hc.001"):
        assert ask(at=241, approval_class=spelling, **about("f")).status == "pending"
    assert ask(at=30 * 1440 + 242, **about("f")).status == "approved"


def test_what_was_objected_to_after_it_was_used_is_replayed_as_a_no(call_as, ask, kept):
    asked, seed = ask(), kept(draft())
    body = Agreement(expected_digest=asked.action_digest)
    approve_approval(call_as(Role.GOVERNOR), asked.id, body)
    with call_as(Role.SERVICE).transaction() as txn:
        before = txn.get(Approval, asked.id)
        step = Consumer(run_id="r", step_id="s")
        after = binding.consume(before, by=step, question=needed(before), at=NOON)
        txn.save(after, ApprovalConsumed.of(after))
    objection = Objection(approval_id=asked.id, category="safety", explanation=WHY)
    create_veto(call_as(Role.GOVERNOR, at=1), objection)
    found = replay_precedent_seed(call_as(Role.GENESIS), seed.id, ReplayRequest())
    assert (found.considered, found.would_have_approved, found.harmful) == (1, 1, 1)
