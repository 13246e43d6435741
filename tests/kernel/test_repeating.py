"""The same request again: one effect and one answer, whatever became of its first run."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from shared.actors import PLATFORM, Scope
from shared.documents import Contended, Key, Query, Write
from shared.edge.idempotency import Answer
from shared.errors import Conflict, StoreUnavailable
from shared.operation import Call
from tests.kernel.things import (
    Size,
    Thing,
    ThingMade,
    entries,
    make_thing,
    problem,
    resize_thing,
    thing,
)
from tests.worlds import declared

__all__ = ["thing"]

KEY = {"Idempotency-Key": "k1"}
ONE = "00000000-0000-4000-8000-000000000001"


@declared("POST", "/v1/only-thing", scopes={Scope.GENESIS_WRITE}, status=201)
def make_only_thing(call: Call, body: Size) -> Thing:
    """Make the one thing there may be."""
    with call.transaction() as txn:
        if txn.get_or_none(Thing, ONE):
            raise Conflict("there is one already", rule="duplicate_entity")
        new = Thing(
            id=ONE,
            tenant_id=call.tenant,
            created_at=call.now,
            updated_at=call.now,
            governance_agent_id="genesis",
            size=body.size,
        )
        return txn.create(new, ThingMade(size=body.size))


@declared("POST", "/v1/only-thing/settle", scopes={Scope.GENESIS_WRITE})
def settle_only_thing(call: Call, body: Size) -> Thing:
    """Set its size once; what has it already stays as it is."""
    with call.transaction() as txn:
        before = txn.get(Thing, ONE)
        if before.size == body.size:
            return before
        return txn.save(before.model_copy(update={"size": body.size}), ThingMade(size=body.size))


def make_only(world, size=1, key="k1"):
    headers = {"Idempotency-Key": key}
    return world.call(
        make_only_thing, "/v1/only-thing", {"size": size}, as_="admin", headers=headers
    )


def test_what_would_now_be_refused_is_answered_as_it_was(world):
    first, again = make_only(world), make_only(world)
    assert first.status_code == again.status_code == 201
    assert again.data == first.data
    assert len(entries(world)) == 1


def test_what_would_now_change_nothing_is_answered_as_it_was(world):
    make_only(world)
    path, key = "/v1/only-thing/settle", {"Idempotency-Key": "k2"}
    first = world.call(settle_only_thing, path, {"size": 2}, as_="admin", headers=key)
    world.call(settle_only_thing, path, {"size": 3}, as_="admin")
    world.call(settle_only_thing, path, {"size": 2}, as_="admin")
    again = world.call(settle_only_thing, path, {"size": 2}, as_="admin", headers=key)
    assert again.data == first.data
    assert again.headers["X-Audit-Entry"] == first.headers["X-Audit-Entry"]


def test_a_refusal_with_a_key_of_another_request_says_so(world):
    make_only(world)
    other = make_only(world, size=2)
    assert (other.status_code, other.json["code"]) == (409, "idempotency_key_reused")


def test_a_first_run_reads_nothing_for_its_key(world):
    reads, get = [], world.ports.documents.get
    world.ports.documents.get = lambda key: reads.append(key.collection) or get(key)
    make_only(world)
    assert "idempotency" not in reads
    make_only(world)
    assert reads.count("idempotency") == 1


def test_many_at_once_with_one_key_act_once_and_are_all_told_the_same(world):
    start = threading.Barrier(8)

    def ask(_):
        start.wait()
        return make_only(world)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert {answer.status_code for answer in answers} == {201}, [one.data for one in answers]
    assert len({answer.data for answer in answers}) == 1
    assert len(entries(world)) == 1


def test_a_later_run_that_meets_what_an_earlier_one_did_is_answered_as_that_one(world):
    runs = []

    @declared("POST", "/v1/only-thing", scopes={Scope.GENESIS_WRITE}, status=201)
    def make_it_twice(call: Call, body: Size) -> Thing:
        """Be contended once, and be overtaken by the same request in the second run."""
        runs.append(1)
        if len(runs) == 1:
            raise Contended
        if len(runs) == 2:
            twins.append(ask())
        return make_only_thing(call, body)

    def ask():
        return world.call(make_it_twice, "/v1/only-thing", {"size": 1}, as_="admin", headers=KEY)

    twins = []
    answer = ask()
    assert answer.status_code == twins[0].status_code == 201, answer.data
    assert answer.data == twins[0].data
    assert len(runs) == 3


def test_what_was_kept_before_its_answer_was_lost_is_answered(world, monkeypatch):
    commit = world.ports.documents.commit

    def lost(writes):
        commit(writes)
        raise StoreUnavailable("the answer was lost", retry_after_s=1)

    monkeypatch.setattr(world.ports.documents, "commit", lost)
    assert make_only(world).status_code == 503
    monkeypatch.setattr(world.ports.documents, "commit", commit)
    assert make_only(world).status_code == 201
    assert len(entries(world)) == 1


def test_a_changed_thing_is_not_changed_again(world, thing):
    path = f"/v1/things/{thing['id']}/resize"
    first = world.call(resize_thing, path, {"size": 2}, as_="admin", headers=KEY)
    world.call(resize_thing, path, {"size": 3}, as_="admin")
    again = world.call(resize_thing, path, {"size": 2}, as_="admin", headers=KEY)
    assert again.data == first.data
    now = world.ports.documents.get(Key(PLATFORM, "things", thing["id"])).data
    assert now["size"] == 3


def test_the_same_key_answers_the_same_and_acts_once(world):
    key = {"Idempotency-Key": "k1"}
    first = world.call(make_thing, "/v1/things", {"size": 5}, as_="admin", headers=key)
    again = world.call(make_thing, "/v1/things", {"size": 5}, as_="admin", headers=key)
    assert again.data == first.data
    assert again.headers["X-Audit-Entry"] == first.headers["X-Audit-Entry"]
    assert again.headers["ETag"] == first.headers["ETag"]
    assert len(entries(world, action="thing.made")) == 1


def test_a_key_with_another_body_is_refused(world):
    key = {"Idempotency-Key": "k1"}
    world.call(make_thing, "/v1/things", {"size": 5}, as_="admin", headers=key)
    other = world.call(make_thing, "/v1/things", {"size": 6}, as_="admin", headers=key)
    problem(other, 409, "idempotency_key_reused")


def test_a_key_with_another_version_is_refused(world, thing):
    """Who means another version means another change."""
    path, documents = f"/v1/things/{thing['id']}/resize", world.ports.documents

    def send(**told):
        headers = {name.replace("_", "-"): said for name, said in told.items()}
        headers["Idempotency-Key"] = "k"
        return world.call(resize_thing, path, {"size": 5}, as_="admin", headers=headers)

    assert [send(If_Match="*").status_code for _ in range(2)] == [200, 200]
    problem(send(If_Match=f'"{thing["version_hash"]}"'), 409, "idempotency_key_reused")
    problem(send(), 409, "idempotency_key_reused")
    problem(send(If_None_Match="*"), 409, "idempotency_key_reused")
    (kept,) = documents.find(PLATFORM, Query(Answer.collection))
    before = {name: value for name, value in kept.data.items() if name != "conditions_hash"}
    documents.commit([Write(kept.key, before)])
    assert send().status_code == 200, "as the release before answered it, which did not look"


def test_a_refusal_is_not_an_answer_worth_keeping(world, thing):
    path, key = f"/v1/things/{thing['id']}/resize", {"Idempotency-Key": "k2"}
    stale = key | {"If-Match": '"old"'}
    problem(
        world.call(resize_thing, path, {"size": 2}, as_="admin", headers=stale),
        412,
        "version_conflict",
    )
    assert world.call(resize_thing, path, {"size": 2}, as_="admin", headers=key).status_code == 200


def test_a_key_of_somebody_else_is_another_key(world):
    key = {"Idempotency-Key": "k1"}
    first = world.call(make_thing, "/v1/things", {"size": 5}, as_="admin", headers=key)
    other = world.call(make_thing, "/v1/things", {"size": 6}, as_="agent_orchestrator", headers=key)
    assert other.status_code == 201
    assert other.json["id"] != first.json["id"]


def test_a_key_is_forgotten_after_a_day(world):

    key = {"Idempotency-Key": "k1"}
    first = world.call(make_thing, "/v1/things", {"size": 5}, as_="admin", headers=key)
    world.now += timedelta(hours=24)
    other = world.call(make_thing, "/v1/things", {"size": 6}, as_="admin", headers=key)
    assert other.json["id"] != first.json["id"]


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_a_key_out_of_bounds_is_refused(world, key):
    headers = {"Idempotency-Key": key}
    problem(
        world.call(make_thing, "/v1/things", {"size": 5}, as_="admin", headers=headers),
        400,
        "bad_request",
    )
