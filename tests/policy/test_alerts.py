"""What a policy has somebody told is told to whoever governs its tenant: once an hour, and with each decision."""

from datetime import timedelta

import pytest

from functions.policy.record_denial import record_denial
from functions.policy.tell_alert import tell_alert
from shared.actors import PLATFORM, Role
from shared.deciding import Finding, Reason, denial
from shared.documents import Query
from shared.evidence import Entry
from shared.identity.events import PolicyDenied
from shared.notifications.models import Notification
from shared.policy.events.alerts import PolicyAlerted
from shared.policy.models.alerts import PolicyAlert
from shared.policy.rules.alerts import LOUD, MOST_SAID
from tests.kernel.test_deciding import make, ruled, stored
from tests.kernel.things import decide, entries


def says(message="look at it", level="high", rule="late"):
    return Reason(policy="spending", rule=rule, message=message, severity=level)


def allowing(*alerts, notes=()):
    return Finding(allow=True, alerts=alerts, notes=notes)


@pytest.fixture
def told(world, reacting, documents):
    """Let what happened be told, and return the notices."""

    def told():
        for one in documents.find(None, Query(Entry.collection)):
            entry = Entry.from_stored(one.data)
            if entry.action == "policy.alerted":
                call = reacting(entry.entity, tenant=entry.tenant, causation_id=entry.id)
                tell_alert(call, PolicyAlerted.from_stored(entry.data, 1))
        return [one.data for one in documents.find(None, Query(Notification.collection))]

    return told


def test_an_alert_is_kept_with_the_act_and_told_to_whoever_governs(world, told):
    ruled(world, allowing(says()))
    id = make(world).headers["X-Decision-ID"]
    [made] = entries(world, action="thing.made")
    assert made.id == id
    assert [one["message"] for one in made.policy.decision["alerts"]] == ["look at it"]
    [alerted] = entries(world, action="policy.alerted")
    assert alerted.policy.decision_id == id
    assert alerted.policy.decision is None
    [notice] = told()
    assert notice["audience"] == Role.GOVERNOR
    assert (notice["title"], notice["priority"]) == ("spending: high alert", "high")
    assert "look at it (rule late, of tests.make_thing: allow)" in notice["body"]
    assert notice["subject"] == alerted.entity
    assert notice["claim"] is None


def test_a_rule_that_matches_often_is_told_once_an_hour_and_stands_in_each_decision(world, told):
    ruled(world, allowing(says(), notes=(says("as usual", "low"),)))
    for _ in range(5):
        make(world)
    assert len(told()) == len(stored(world, PolicyAlert.collection)) == 2
    made = entries(world, action="thing.made")
    assert [len(one.policy.decision["alerts"]) for one in made] == [1] * 5
    world.now += timedelta(hours=1)
    make(world)
    assert sorted(one["title"] for one in told()) == [
        "spending: high alert",
        "spending: high alert",
        "spending: note",
    ]


def test_what_was_denied_is_told_too_in_the_tenant_whose_policy_says_it(world, told, reacting):
    ruled(world, denial("spending", "high", "too much").model_copy(update={"alerts": (says(),)}))
    make(world)
    assert not told()
    [denied] = entries(world, action="policy.denied")
    call = reacting(denied.entity, tenant=denied.tenant, causation_id=denied.id)
    record_denial(call, PolicyDenied.from_stored(denied.data, 1))
    [notice] = told()
    assert "tests.make_thing: deny" in notice["body"]
    [alert] = stored(world, PolicyAlert.collection)
    assert (alert.data["tenant_id"], alert.data["by"]) == (PLATFORM, denied.actor.id)


def test_what_changes_nothing_tells_nothing(world, told):
    ruled(world, allowing(says()))
    assert world.call(decide, "/v1/decide", as_="governor").status_code == 200
    assert not told()


def test_beyond_so_many_in_an_hour_they_are_quiet_and_a_decision_keeps_a_bounded_number(
    world, told
):
    ruled(world, allowing(*(says(rule=f"r{n}") for n in range(MOST_SAID + 5))))
    make(world)
    [made] = entries(world, action="thing.made")
    assert len(made.policy.decision["alerts"]) == MOST_SAID
    assert len(stored(world, PolicyAlert.collection)) == MOST_SAID
    assert {one["priority"] for one in told()} == {"low"}
    assert MOST_SAID > LOUD
