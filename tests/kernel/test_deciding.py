"""What is changed is decided first: by the rules, in the transaction of the change, and with evidence of it."""

import json
from typing import ClassVar, Literal

import pytest

from shared.actors import Scope
from shared.attesting import Attestation
from shared.canonical import digest
from shared.deciding import denial, found, merge
from shared.documents import Contended, Query, Write
from shared.entity import Id, Record, Text, Value
from shared.errors import EnforcementUnavailable
from shared.evidence import signed_bytes
from shared.files import Content, Files
from shared.operation import Call
from tests.conftest import broken
from tests.kernel.things import (
    Thing,
    ThingMade,
    decide,
    entries,
    list_things,
    make_thing,
    problem,
    resize_thing,
    thing,
)
from tests.ruled import OfTests
from tests.says import ALLOWED, Says
from tests.worlds import declared

__all__ = ["thing"]


def ruled(world, finding=ALLOWED, **said):
    world.ports.enforcement = Says(finding, **said)
    return world.ports.enforcement


def stored(world, collection):
    return world.ports.documents.find(None, Query(collection))


def resize(world, thing, size=2):
    path = f"/v1/things/{thing['id']}/resize"
    return world.call(resize_thing, path, {"size": size}, as_="admin")


def make(world, **given):
    return world.call(make_thing, "/v1/things", {"size": 1}, as_="admin", **given)


def test_a_change_carries_its_decision_and_is_called_as_it_is(world):
    ruled(world)
    answer = make(world)
    [entry] = entries(world, action="thing.made")
    assert answer.headers["X-Decision-ID"] == entry.id == entry.policy.decision_id
    decision = entry.policy.decision
    assert (decision["verdict"], decision["engine"], decision["asked"]) == (
        "allow",
        "fake/1",
        ["rbac"],
    )
    assert decision["input_digest"] == digest(decision["input"])
    assert decision["ttl_s"] <= 300
    assert decision["input"]["action"] == {
        "name": "tests.make_thing",
        "operation": "update",
        "external": False,
        "scopes": ["genesis:write", "governance:read"],
    }


def test_a_denial_changes_nothing_and_is_told_and_entered_with_its_reasons(world):
    ruled(world, denial("rbac", "RBAC-02", "ask an admin"))
    answer = make(world)
    told = problem(answer, 403, "policy_denied", "RBAC-02")
    [entry] = entries(world)
    assert entry.action == "policy.denied"
    assert entry.id == entry.policy.decision_id == told["decision_id"] == entry.data["decision_id"]
    assert answer.headers["X-Decision-ID"] == entry.id
    assert not entry.policy.allow
    assert [one["rule"] for one in entry.policy.decision["reasons"]] == ["RBAC-02"]
    assert not stored(world, "things")


def test_where_nobody_can_decide_nothing_is_changed(world):
    ruled(world, EnforcementUnavailable("there is no engine"))
    problem(make(world), 503, "enforcement_unavailable")
    assert not entries(world)
    assert world.call(list_things, "/v1/things", as_="admin").status_code == 200


# --- what is done once -------------------------------------------------------------------------------


def test_a_repeated_request_answers_what_was_stored_whatever_the_rules_say_now(world):
    ruled(world)
    key = {"headers": {"Idempotency-Key": "once"}}
    first = make(world, **key)
    for now in (denial("rbac", "RBAC-02", "no longer"), EnforcementUnavailable("it is gone")):
        ruled(world, now)
        again = make(world, **key)
        assert (again.status_code, again.data) == (201, first.data)
        assert again.headers["X-Decision-ID"] == first.headers["X-Decision-ID"]
    assert [one.action for one in entries(world)] == ["thing.made"]


def test_what_is_contended_is_decided_again_on_what_is_there_then(world, thing, monkeypatch):
    says = ruled(world)
    commit, met = world.ports.documents.commit, []

    def once_contended(writes):
        if not met:
            met.append(writes)
            raise Contended("somebody was faster")
        commit(writes)

    monkeypatch.setattr(world.ports.documents, "commit", once_contended)
    answer = resize(world, thing)
    assert answer.status_code == 200
    assert len(says.asked) == 2
    assert answer.headers["X-Decision-ID"] == entries(world, action="thing.made", eseq=2)[0].id


# --- what is kept ------------------------------------------------------------------------------------


class Note(Record):
    collection: ClassVar[str] = "notes_of_tests"


@declared("POST", "/v1/notes", scopes={Scope.GENESIS_WRITE})
def leave_note(call: Call) -> Note:
    """Leave a note, which is no evidence."""
    with call.transaction() as txn:
        return txn.create(Note(id=call.new_id()))


@declared("POST", "/v1/things/twice", scopes={Scope.GENESIS_WRITE})
def make_two(call: Call) -> Thing:
    """Make two things in one commit."""
    with call.transaction() as txn:
        made = [
            Thing(
                id=call.new_id(),
                tenant_id=call.tenant,
                created_at=call.now,
                updated_at=call.now,
                governance_agent_id="genesis",
                size=n,
            )
            for n in (1, 2)
        ]
        first, _ = [txn.create(one, ThingMade(size=one.size)) for one in made]
        return first


def test_a_change_without_an_entry_keeps_its_decision_signed_and_by_itself(world):
    ruled(world)
    answer = world.call(leave_note, "/v1/notes", as_="admin")
    [kept] = stored(world, "decisions")
    attestation = Attestation.from_stored(kept.data)
    assert answer.headers["X-Decision-ID"] == kept.key.id == attestation.decision["decision_id"]
    assert [*broken(world.ports.documents, world.ports.signer)] == []


def test_what_changes_nothing_keeps_no_decision(world):
    ruled(world)
    answer = world.call(decide, "/v1/decide", as_="governor")
    assert answer.status_code == 200
    assert "X-Decision-ID" not in answer.headers
    assert not stored(world, "decisions")


def test_further_entries_of_one_act_cite_the_first(world):
    ruled(world)
    answer = world.call(make_two, "/v1/things/twice", as_="admin")
    first, second = sorted(entries(world), key=lambda one: one.data["size"])
    assert answer.headers["X-Decision-ID"] == first.id == second.policy.decision_id
    assert first.policy.decision is not None
    assert second.policy.decision is None
    assert second.policy.allow
    assert [*broken(world.ports.documents, world.ports.signer)] == []


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda policy: policy["decision"]["input"]["subject"].update(roles=["admin"] * 2), "DECISION_MISMATCH"),
        (lambda policy: policy["decision"].update(decision_id="another"), "DECISION_MISMATCH"),
        (lambda policy: policy["decision"].update(verdict="deny"), "DECISION_MISMATCH"),
        (lambda policy: policy.update(allow=False), "DECISION_MISMATCH"),
        (lambda policy: policy.pop("decision"), "DECISION_MISSING"),
    ],
)  # fmt: skip
def test_an_entry_whose_decision_is_not_what_was_decided_does_not_verify(world, change, rule):
    """Also where whoever changes it holds the key: what is shown was not what was decided on."""
    ruled(world)
    world.call(make_two, "/v1/things/twice", as_="admin")
    first = next(one for one in stored(world, "events") if one.data["data"]["size"] == 1)
    change(first.data["policy"])
    if rule == "DECISION_MISSING":
        first.data["policy"]["decision_id"] = "00000000-0000-4000-8000-000000000000"
    first.data["kid"], first.data["sig"] = world.ports.signer.sign(signed_bytes(first.data))
    world.ports.documents.commit([Write(first.key, first.data)])
    rules = {one.rule for one in broken(world.ports.documents, world.ports.signer)}
    assert rule in rules
    assert "SIGNATURE_INVALID" not in rules


def test_a_decision_by_itself_that_was_changed_does_not_verify(world):
    ruled(world)
    world.call(leave_note, "/v1/notes", as_="admin")
    [kept] = stored(world, "decisions")
    kept.data["decision"]["verdict"] = "deny"
    world.ports.documents.commit([Write(kept.key, kept.data)])
    assert [one.rule for one in broken(world.ports.documents, world.ports.signer)] == [
        "SIGNATURE_INVALID"
    ]


@declared("POST", "/v1/pages", scopes={Scope.GENESIS_WRITE})
def keep_page(call: Call, place: Files) -> dict[str, str]:
    """Keep a page, and write nothing of it anywhere else."""
    place.keep(f"{call.new_id()}/page", Content("text/plain", b"a page"))
    return {}


def test_what_only_a_port_keeps_has_its_decision_kept_all_the_same(world):
    ruled(world)
    answer = world.call(keep_page, "/v1/pages", as_="admin")
    assert answer.status_code == 200, answer.data
    [kept] = stored(world, "decisions")
    assert kept.key.id == answer.headers["X-Decision-ID"]
    assert kept.data["decision"]["input"]["action"]["name"] == "tests.keep_page"
    assert broken(world.ports.documents, world.ports.signer) == []


def test_what_does_not_say_whether_all_is_frozen_is_denied(world):
    ruled(world)
    make(world)
    [entry] = entries(world, action="thing.made")
    asked = {**entry.policy.decision["input"], "context": {}}
    assert found(Says(), asked)["freeze"].reasons[0].rule == "frozen"


@pytest.mark.parametrize("act", ["/v1/notes", "/v1/things/twice"])
def test_rules_that_something_was_decided_by_and_that_are_gone_are_one_break(
    world, monkeypatch, act
):
    ruled(world)
    monkeypatch.setattr(type(world.ports.enforcement.engine(world.now)), "digest", "ab" * 32)
    for _ in range(2):
        world.call(leave_note if act == "/v1/notes" else make_two, act, as_="admin")
    (found,) = broken(world.ports.documents, world.ports.signer)
    assert (found.rule, "ab" * 32 in found.message) == ("RULES_MISSING", True)


# --- what is asked -----------------------------------------------------------------------------------


class Payment(Value):
    amount: int
    currency: Literal["INR", "USD"]
    payees: tuple[Text, ...]
    reason: Text


@declared("POST", "/v1/payments/{payment_id}/refund", scopes={Scope.GENESIS_WRITE}, kind="pay")
def refund_payment(call: Call, payment_id: Id, body: Payment) -> dict[str, str]:
    """Refund."""
    return {}


def test_rules_are_told_what_the_types_say_and_no_words(world):
    says = ruled(world)
    body = {"amount": 500, "currency": "INR", "payees": ["a", "b"], "reason": "IBAN DE89 3704"}
    id = f"{'0' * 8}-0000-4000-8000-{'0' * 12}"
    answer = world.call(refund_payment, f"/v1/payments/{id}/refund", body, as_="admin")
    assert answer.status_code == 200, answer.data
    [asked] = says.asked
    assert asked["args"] == {"amount": 500, "currency": "INR", "payees": 2}
    assert asked["action"]["operation"] == "pay"
    assert asked["resource"] == {"type": "payment", "id": id, "owner_tenant_id": "platform"}
    assert "IBAN" not in json.dumps(asked)


def test_what_is_too_much_to_be_kept_is_denied_and_what_is_kept_says_so(world, monkeypatch):
    monkeypatch.setattr("shared.edge.decision_point.MAX_INPUT_BYTES", 100)
    ruled(world)
    problem(make(world), 403, "policy_denied", "PDP_ERROR")
    [entry] = entries(world)
    assert entry.policy.decision["input"]["args"] is None


def test_the_same_document_is_decided_the_same_by_whoever_asks_again(world, thing):
    """A decision is a function of its document and its rules alone: so it can be replayed."""
    [entry] = entries(world, action="thing.made")
    decision = entry.policy.decision
    again = merge(found(OfTests(), decision["input"]), pep=decision["pep"])
    assert again.verdict == decision["verdict"] == "allow"
    assert [*again.matched] == decision["matched"]
    assert OfTests().digest == decision["bundle"]


def test_an_operation_of_a_family_that_nobody_selects_rules_for_is_denied(world):
    ruled(world).selection.pop("tests")
    problem(make(world), 403, "policy_denied", "unknown_action")
    [entry] = entries(world)
    assert entry.policy.decision["asked"] == ["selection"]


# --- who else is asked, and what is known -------------------------------------------------------------


def test_a_policy_of_a_tenant_can_only_restrict(world):
    ruled(world)
    world.ports.tenant_rules = lambda txn, document: {"own@1.0.0": denial("own", "late", "not now")}
    told = problem(make(world), 403, "policy_denied", "late")
    assert told["violations"][0]["message"] == "not now"
    ruled(world, denial("rbac", "RBAC-02", "ask an admin"))
    world.ports.tenant_rules = lambda txn, document: {"own@1.0.0": ALLOWED}
    problem(make(world), 403, "policy_denied", "RBAC-02")


def looking(txn, question):
    """Return what is known of a thing, and hold it, as an area's own facts do."""
    one = txn.get(Thing, question.path["thing_id"])
    txn.hold(one)
    return {"agent": {"id": one.id, "status": str(one.size), "suspended": False}}


@declared("POST", "/v1/things/{thing_id}/copy", scopes={Scope.GENESIS_WRITE})
def copy_thing(call: Call, thing_id: Id) -> Note:
    """Note that there is a thing, which stays as it is."""
    with call.transaction() as txn:
        return txn.create(Note(id=call.new_id()))


@pytest.fixture
def looked_up(monkeypatch):
    monkeypatch.setattr("shared.edge.facts.LOOKED_UP", {"tests": ("tests",)})
    monkeypatch.setattr("shared.edge.facts._of", lambda area: looking)


def test_what_a_decision_looked_at_costs_the_operation_no_second_look(
    world, thing, looked_up, monkeypatch
):
    says, asked, get = ruled(world), [], world.ports.documents.get
    monkeypatch.setattr(
        world.ports.documents, "get", lambda key: (asked.append(key.collection), get(key))[1]
    )
    assert resize(world, thing).status_code == 200
    assert says.asked[0]["agent"]["status"] == "1"
    assert asked.count("things") == 1


def test_what_was_decided_on_is_held_until_the_commit(world, thing, looked_up, monkeypatch):
    """Somebody changes what the decision rests on, though the operation itself does not touch it."""
    says, commit, changed = ruled(world), world.ports.documents.commit, []

    def changing(writes):
        if not changed:
            changed.append(True)
            monkeypatch.setattr(world.ports.documents, "commit", commit)
            ports, world.ports.enforcement = world.ports.enforcement, Says()
            assert resize(world, thing).status_code == 200
            world.ports.enforcement = ports
        commit(writes)

    monkeypatch.setattr(world.ports.documents, "commit", changing)
    answer = world.call(copy_thing, f"/v1/things/{thing['id']}/copy", as_="admin")
    assert answer.status_code == 200, answer.data
    assert [one["agent"]["status"] for one in says.asked] == ["1", "2"]


def test_two_areas_that_know_different_things_of_the_same_are_a_defect(world, monkeypatch):
    ruled(world)
    monkeypatch.setattr("shared.edge.facts.LOOKED_UP", {"tests": ("a", "b")})
    monkeypatch.setattr(
        "shared.edge.facts._of", lambda area: lambda txn, question: {"agent": {"id": area}}
    )
    assert make(world).status_code == 500
    assert not stored(world, "things")
