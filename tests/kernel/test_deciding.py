"""What is changed is decided first: by the rules, in the transaction of the change, and with evidence of it."""

from shared.canonical import digest
from shared.deciding import Finding, Obligation, denial
from shared.documents import Query
from shared.errors import EnforcementUnavailable
from tests.kernel.things import (
    entries,
    list_things,
    make_thing,
    problem,
    thing,
)

__all__ = ["thing"]

ALLOWED = Finding(allow=True, matched=("rbac/RBAC-03",))


class Says:
    """An engine that finds what a test says, of whatever it is asked."""

    version, digest, selection = "fake/1", "ab" * 32, {"*": ("rbac",), "trial": (), "tests": ()}

    def __init__(self, finding=ALLOWED, *, frozen=False):
        self.finding, self.frozen = finding, frozen
        self.asked = []

    def evaluate(self, bundles, document):
        self.asked.append(document)
        if isinstance(self.finding, Exception):
            raise self.finding
        return dict.fromkeys(bundles, self.finding)

    def engine(self, at):
        return self

    def state(self, at):
        return self


def ruled(world, finding=ALLOWED, **said):
    world.ports.enforcement = Says(finding, **said)
    return world.ports.enforcement


def obliged(type, **parameters):
    one = Obligation(type=type, parameters=parameters, source_rule="t/T-1")
    return Finding(allow=True, obligations=(one,))


def stored(world, collection):
    return world.ports.documents.find(None, Query(collection))


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
