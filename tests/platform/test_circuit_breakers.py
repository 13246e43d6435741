"""What staff see of circuit breakers, and what they may do about them."""

from datetime import timedelta

import pytest

from functions.platform.list_circuit_breakers import list_circuit_breakers
from functions.platform.reset_circuit_breaker import reset_circuit_breaker
from shared.actors import PLATFORM, Role
from shared.documents import Key, Query, Write
from shared.evidence import Entry
from shared.platform.models.breakers import Circuit
from shared.platform.rules import breakers
from shared.platform.rules.targets import TARGETS
from tests.conftest import NOON
from tests.worlds import World

LIST = "/v1/admin/circuit-breakers"
BODY = {"reason": "the engine answers again"}


def leave_open(world, *, ago_s, name="workflows"):
    opened = world.now - timedelta(seconds=ago_s)
    told = Circuit(id=name, opened_at=opened, failures=3, changed_at=opened)
    place = Key(PLATFORM, Circuit.collection, name)
    world.ports.documents.commit([Write(place, told.model_dump(mode="json"))])


def seen(world, name="workflows"):
    items = world.call(list_circuit_breakers, LIST, as_="viewer").get_json()["items"]
    return next(item for item in items if item["name"] == name)


def reset(world, name="workflows", as_="infrastructure_engineer", body=BODY):
    return world.call(reset_circuit_breaker, f"{LIST}/{name}/reset", body, as_=as_)


def test_every_target_has_one_and_is_closed_until_it_fails(world: World):
    items = world.call(list_circuit_breakers, LIST, as_="viewer").get_json()["items"]

    assert [item["name"] for item in items] == list(TARGETS)
    assert {item["state"] for item in items} == {"closed"}
    assert seen(world)["says"] == (
        "Requests to the workflow engine (Workflow Executions) go through."
    )


def test_an_open_one_says_since_when_and_when_it_tries_again(world: World):
    leave_open(world, ago_s=10)

    one = seen(world)
    assert (one["state"], one["failures"]) == ("open", 3)
    assert one["opened_at"] == "2026-01-01T11:59:50.000Z"
    assert one["next_probe_at"] == "2026-01-01T12:00:20.000Z"
    assert one["says"] == (
        "Since 11:59:50 UTC the workflow engine (Workflow Executions) is left alone: 3 requests failed"
        " within 10 seconds. After 30 seconds one tries whether it answers again."
    )
    assert seen(world, "fcm")["state"] == "closed"


def test_after_thirty_seconds_it_is_half_open(world: World):
    leave_open(world, ago_s=30)

    one = seen(world)
    assert one["state"] == "half_open"
    assert one["says"].endswith("The next request tries whether it answers again.")


def test_a_reset_closes_it_and_is_evidence(world: World):
    leave_open(world, ago_s=10)

    answer = reset(world)
    assert (answer.status_code, answer.json) == (200, seen(world))
    assert answer.json["state"] == "closed"
    assert answer.json["reset_at"] == "2026-01-01T12:00:00.000Z"
    (entry,) = world.ports.documents.find(PLATFORM, Query(Entry.collection))
    assert entry.data["action"] == "circuit_breaker.reset"
    assert entry.data["data"] == {"target": "workflows", "reason": BODY["reason"]}
    assert entry.data["actor"]["id"] == "infrastructure_engineer.platform"


def test_one_that_opens_after_a_reset_is_open(world: World):
    reset(world)
    world.now += timedelta(minutes=5)
    leave_open(world, ago_s=10)

    assert seen(world)["state"] == "open"
    assert reset(world).json["state"] == "closed"


@pytest.mark.parametrize("name", ["moon", "work-flows", "Workflows", "a" * 41])
def test_a_name_nobody_knows_is_not_found(world: World, name):
    answer = reset(world, name)
    assert answer.status_code == 404
    assert answer.json["code"] == "not_found"


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x" * 501}])
def test_a_reset_says_why(world: World, body):
    assert reset(world, body=body).status_code == 422


@pytest.mark.parametrize("role", [Role.VIEWER, Role.GOVERNOR, Role.HELPDESK_AGENT, Role.SERVICE])
def test_only_who_runs_the_platform_may_reset(world: World, role):
    assert reset(world, as_=role.value).status_code == 403


def test_customers_do_not_see_them(world: World):
    assert world.call(list_circuit_breakers, LIST, as_="customer_admin").status_code == 403


def test_words_and_state_agree_at_every_moment():
    opened = Circuit(id="kms", opened_at=NOON, failures=3, changed_at=NOON)
    for seconds in (0, 29, 30, 3600):
        one = breakers.seen("kms", opened, None, at=NOON + timedelta(seconds=seconds))
        assert (one.state == "half_open") == (seconds >= 30)
        assert ("next request" in one.says) == (seconds >= 30)
