"""What the rules let be done with an approval only: people are asked, and what they grant is bound to exactly that and used once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import ClassVar

import pytest

from functions.approvals.approve_approval import approve_approval
from functions.approvals.create_veto import create_veto
from functions.approvals.reject_approval import reject_approval
from shared.actors import Scope
from shared.approvals.models.approvals import Approval
from shared.deciding import ApprovalNeeded, Finding, Reason, granted
from shared.documents import Key
from shared.entity import Record, Value
from shared.operation import Call
from shared.ports import SecretWriter
from shared.secrets import Secret
from tests.kernel.test_deciding import ruled, stored
from tests.kernel.things import (
    decide,
    entries,
    make_thing,
    problem,
    resize_thing,
    thing,
)
from tests.says import ALLOWED, Says
from tests.worlds import declared

__all__ = ["thing"]

NEEDED = ApprovalNeeded(type="execution")
REASON = Reason(policy="rbac", rule="ASK-1", message="ask somebody first", severity="medium")


class Wants(Says):
    """An engine that lets everything but what decides be done with an approval only."""

    def __init__(self, needed=NEEDED):
        super().__init__()
        self.needed = needed

    def evaluate(self, bundles, document):
        self.asked.append(document)
        free = document["action"]["name"].partition(".")[0] in {"approvals", "policy"}
        if free or granted(self.needed, document):
            return dict.fromkeys(bundles, ALLOWED)
        asking = Finding(allow=True, approval=self.needed, reasons=(REASON,))
        return {**dict.fromkeys(bundles, ALLOWED), bundles[0]: asking}


@pytest.fixture
def wants(world):
    world.ports.enforcement = Wants()
    return world.ports.enforcement


@pytest.fixture
def make(world):
    def send(approval=None, size=1, as_="admin", **headers):
        headers |= {"X-Approval-ID": approval} if approval else {}
        return world.call(make_thing, "/v1/things", {"size": size}, as_=as_, headers=headers)

    return send


@pytest.fixture
def answered(world):
    """Answer a question as its Governor."""

    def say(id, function=approve_approval, verb="approve", **body):
        if verb == "approve":
            body["expected_digest"] = approval_of(world, id).action_digest
        answer = world.call(function, f"/v1/approvals/{id}/{verb}", body, as_="governor")
        assert answer.status_code == 200, answer.data
        return id

    return say


@pytest.fixture
def approved(make, answered):
    """Ask for a thing, and have it granted."""
    return lambda **said: answered(make(**said).json["approval_id"])


def approval_of(world, id):
    return Approval.from_stored(world.ports.documents.get(Key("platform", "approvals", id)).data)


def test_what_needs_an_approval_is_asked_and_is_done_with_it_once(world, wants, make, answered):
    told = problem(make(), 403, "approval_required", "ASK-1")
    id = told["approval_id"]
    assert f"X-Approval-ID: {id}" in told["detail"]
    asked = approval_of(world, id)
    assert (asked.type, asked.requested_by, asked.open) == ("execution", "admin.platform", True)
    assert asked.evidence_facts["size"] == 1
    assert asked.summary == 'admin.platform asks for tests.make_thing, once, with: {"size": 1}'
    assert not stored(world, "things")
    problem(make(id), 403, "approval_required")
    answered(id)
    assert make(id).status_code == 201
    used = approval_of(world, id)
    assert used.status == "consumed"
    [made] = entries(world, action="thing.made")
    [gone] = entries(world, action="approval.consumed")
    for one in (made, gone):
        assert one.approval.approval_id == id
        assert one.approval.action_digest == used.action_digest
    assert made.id == made.policy.decision_id == gone.policy.decision_id
    assert made.policy.decision["input"]["context"]["approval_state"] == "granted"
    problem(make(id), 409, "already_decided")
    assert len(stored(world, "things")) == 1


def test_the_same_is_asked_once(world, wants, make, approved):
    first = make().json["approval_id"]
    assert make().json["approval_id"] == first
    assert make(size=2).json["approval_id"] != first
    granted = approved(size=3)
    told = make(size=3).json
    assert told["approval_id"] == granted
    assert "granted" in told["detail"]
    assert len(stored(world, "approvals")) == 3


def test_after_a_no_the_same_is_asked_no_more(world, wants, make, answered):
    id = make().json["approval_id"]
    answered(id, reject_approval, "reject", reason="We need no more things.")
    told = problem(make(), 403, "approval_required", "refused_before")
    assert "approval_id" not in told
    assert "nobody was asked" in told["detail"]
    assert make(size=2).json["approval_id"] != id
    assert make(id).status_code == 403


@pytest.mark.parametrize(
    ("otherwise", "status", "code"),
    [
        ({"size": 2}, 403, "approval_mismatch"),
        ({"as_": "genesis"}, 403, "approval_mismatch"),
        ({"approval": "11111111-1111-4111-8111-111111111111"}, 403, "approval_mismatch"),
        ({"approval": "acme.11111111-1111-4111-8111-111111111111"}, 403, "approval_mismatch"),
        ({"approval": "no id"}, 400, "bad_request"),
    ],
)
def test_an_approval_of_something_else_is_refused_and_nothing_is_used_up(
    world, wants, make, approved, otherwise, status, code
):
    id = approved()
    problem(make(**{"approval": id} | otherwise), status, code)
    assert approval_of(world, id).status == "approved"
    assert not stored(world, "things")
    assert make(id).status_code == 201


def test_an_approval_of_one_operation_is_none_of_another(world, wants, make, approved):
    id = approved()
    answer = world.call(decide, "/v1/decide", as_="governor", headers={"X-Approval-ID": id})
    problem(answer, 403, "approval_mismatch")
    assert approval_of(world, id).status == "approved"


def test_an_approval_under_other_rules_is_none(world, wants, make, approved):
    id = approved()
    wants.digest = "7" * 64
    problem(make(id), 403, "approval_mismatch")
    assert approval_of(world, id).status == "approved"
    assert make().json["approval_id"] != id


def test_one_that_is_too_weak_is_none(world, wants, make, approved):
    id = approved()
    wants.needed = ApprovalNeeded(type="constitutional")
    told = problem(make(id), 403, "approval_mismatch")
    assert "constitutional" in told["detail"]
    assert approval_of(world, id).status == "approved"


def test_one_whose_time_is_over_is_none(world, wants, make, approved):
    id = approved()
    world.now += timedelta(days=2)
    problem(make(id), 410, "expired")


def test_one_that_was_vetoed_is_none(world, wants, make, approved):
    id = approved()
    said = {"approval_id": id, "category": "safety", "explanation": "It must not be made at all."}
    assert world.call(create_veto, "/v1/vetoes", said, as_="governor").status_code == 201
    problem(make(id), 403, "approval_required")
    assert not stored(world, "things")


def test_an_act_that_is_denied_uses_nothing_up(world, wants, make, approved):
    id = approved()
    ruled(world, Finding(allow=False, reasons=(REASON,)))
    problem(make(id), 403, "policy_denied")
    assert approval_of(world, id).status == "approved"


class Note(Record):
    collection: ClassVar[str] = "notes_of_tests"


@declared("POST", "/v1/look", scopes={Scope.GENESIS_WRITE})
def look_again(call: Call) -> dict[str, str]:
    """Find that there is nothing to do."""
    with call.transaction() as txn:
        txn.get_or_none(Note, "one")
    return {}


@declared("DELETE", "/v1/notes", scopes={Scope.GENESIS_WRITE})
def drop_notes(call: Call) -> dict[str, str]:
    """Delete what is no evidence."""
    with call.transaction() as txn:
        txn.delete(Note(id="one"))
    return {}


@declared("POST", "/v1/secrets", scopes={Scope.GENESIS_WRITE})
def keep_secret(call: Call, secrets: SecretWriter) -> dict[str, str]:
    """Change something that no write of the commit shows."""
    return {}


class ThingKey(Value):
    value: Secret
    purpose: str


@declared("POST", "/v1/keys", scopes={Scope.GENESIS_WRITE})
def keep_key(call: Call, key: ThingKey) -> dict[str, str]:
    """Keep a key."""
    return {}


def test_who_is_asked_reads_what_is_asked_for_and_no_secret(world, wants):
    said = {"value": "s3cr3t", "purpose": "to send"}
    id = world.call(keep_key, "/v1/keys", said, as_="admin").json["approval_id"]
    summary = approval_of(world, id).summary
    assert '"purpose": "to send"' in summary
    assert "s3cr3t" not in str(stored(world, "approvals")) + str(entries(world))


@pytest.mark.parametrize(
    ("function", "path", "after"),
    [
        (look_again, "/v1/look", "approved"),
        (drop_notes, "/v1/notes", "consumed"),
        (keep_secret, "/v1/secrets", "consumed"),
    ],
)
def test_whatever_way_something_is_changed_the_approval_is_used_up_and_else_not(
    world, wants, answered, function, path, after
):
    id = answered(world.call(function, path, as_="admin").json["approval_id"])
    answer = world.call(function, path, as_="admin", headers={"X-Approval-ID": id})
    assert answer.status_code == 200
    assert approval_of(world, id).status == after


def test_a_start_that_fails_uses_nothing_up(world, thing, wants, answered):
    def resize(size, approval=None):
        headers = {"X-Approval-ID": approval} if approval else {}
        path = f"/v1/things/{thing['id']}/resize"
        return world.call(resize_thing, path, {"size": size}, as_="admin", headers=headers)

    again = answered(resize(3).json["approval_id"])
    grown = answered(resize(99).json["approval_id"])
    assert resize(99, grown).status_code == 200
    problem(resize(3, again), 409, "conflict")
    assert approval_of(world, again).status == "approved"


def test_of_fifty_starts_with_one_approval_exactly_one_begins(world, wants, make, approved):
    id = approved()
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: make(id), range(50)))
    said = [one.status_code for one in answers]
    # Who met others too often is told to come again.
    assert said.count(201) == 1 and set(said) <= {201, 409, 503}
    problem(make(id), 409, "already_decided")
    assert len(stored(world, "things")) == 1
    assert len(entries(world, action="approval.consumed")) == 1


def test_a_repeated_request_uses_one_approval(world, wants, make, approved):
    id = approved()
    first, again = (make(id, **{"Idempotency-Key": "once"}) for _ in range(2))
    assert (first.status_code, again.status_code, again.data) == (201, 201, first.data)


def test_a_chain_that_nobody_made_is_said_and_nobody_asked(world, wants, make):
    wants.needed = ApprovalNeeded(type="financial", chain="finance-two-step")
    told = problem(make(), 403, "approval_required")
    assert "finance-two-step" in told["detail"]
    assert not stored(world, "approvals")


def test_nobody_is_asked_where_what_is_asked_for_is_denied_besides(world, wants, make):
    ruled(world, Finding(allow=False, reasons=(REASON,), approval=NEEDED))
    problem(make(), 403, "policy_denied")
    assert not stored(world, "approvals")
