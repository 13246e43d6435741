"""Things: an entity and operations of the tests' own, and what is looked at of them."""

from typing import ClassVar

import pytest
from pydantic import Field

from shared.actors import Scope
from shared.entity import Entity, Event, Id, Value
from shared.errors import Conflict
from shared.evidence import Entry
from shared.operation import Call
from shared.queries import Page
from tests.worlds import declared


class Thing(Entity):
    collection: ClassVar[str] = "things"
    size: int


class ThingMade(Event, action="thing.made", category="configuration_change"):
    size: int


class Size(Value):
    size: int = Field(ge=0)


@declared("POST", "/v1/things", scopes={Scope.GENESIS_WRITE, Scope.GOVERNANCE_READ}, status=201)
def make_thing(call: Call, body: Size) -> Thing:
    """Make."""
    with call.transaction() as txn:
        return txn.create(
            Thing(
                id=call.new_id(),
                tenant_id=call.tenant,
                created_at=call.now,
                updated_at=call.now,
                governance_agent_id="genesis",
                size=body.size,
            ),
            ThingMade(size=body.size),
        )


@declared("POST", "/v1/things/{thing_id}/resize", scopes={Scope.GENESIS_WRITE})
def resize_thing(call: Call, thing_id: Id, body: Size) -> Thing:
    """Resize."""
    with call.transaction() as txn:
        before = txn.get(Thing, thing_id)
        if before.size == 99:
            raise Conflict("it cannot grow", rule="grown")
        return txn.save(before.model_copy(update={"size": body.size}), ThingMade(size=body.size))


@declared("GET", "/v1/things/{thing_id}", scopes={Scope.ACCOUNT}, audited=False)
def get_thing(call: Call, thing_id: Id) -> Thing:
    """Get."""
    with call.transaction() as txn:
        return txn.get(Thing, thing_id)


class Which(Value):
    limit: int = 2
    cursor: str | None = None


@declared("GET", "/v1/things", scopes={Scope.ACCOUNT}, audited=False)
def list_things(call: Call, which: Which) -> Page[Thing]:
    """List."""
    with call.transaction() as txn:
        return txn.find(Thing, order="size", limit=which.limit, cursor=which.cursor)


@declared("POST", "/v1/decide", scopes={Scope.GOVERNANCE_WRITE})
def decide(call: Call) -> dict[str, str]:
    """Decide."""
    return {"by": call.actor.id}


@pytest.fixture
def thing(world):
    answer = world.call(make_thing, "/v1/things", {"size": 1}, as_="admin")
    assert answer.status_code == 201, answer.data
    return answer.json


def entries(world, **equals):
    from shared.documents import Condition, Query

    where = tuple(Condition(name, "==", value) for name, value in equals.items())
    found = world.ports.documents.find(None, Query("events", where))
    return [Entry.model_validate(one.data) for one in found]


def problem(answer, status, code, rule=None):
    assert answer.status_code == status, answer.data
    assert answer.mimetype == "application/problem+json"
    document = answer.json
    assert document["code"] == code
    assert document["status"] == status
    assert document["type"] == "https://waooaw.com/errors/" + code.replace("_", "-")
    assert document["correlation_id"] == answer.headers["X-Correlation-ID"]
    if rule:
        assert rule in [violation["rule"] for violation in document["violations"]]
    return document
