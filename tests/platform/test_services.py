"""How the services are: what a look says, what it raises, and what nobody knows any more."""

from datetime import timedelta

import pytest

from functions.platform.get_health import get_health
from functions.platform.list_services import list_services
from functions.platform.probe_services import probe_services
from shared.actors import PLATFORM, Role
from shared.documents import Key
from shared.enforcing import Enforcement
from shared.errors import ProviderDown
from shared.observability import Backlog, HealthCheck, Recent
from shared.platform.models.services import LATEST, Observation
from shared.platform.rules import health, states
from shared.release import VERSION
from tests.conftest import NOON, FakeEnforcing, FakeRelay, FakeTelemetry

WELL = tuple(
    HealthCheck(name, well=True, latency_ms=3)
    for name in ("store", "event_bus", "workflow_engine", "identity_keys", "signing_key")
)
QUIET = Backlog(unpublished=0, oldest_at=None, overdue=0)


def failing(name, detail="it does not answer"):
    return tuple(
        one if one.name != name else HealthCheck(name, False, 5000, detail) for one in WELL
    )


def look(looked=WELL, backlog=QUIET, recent=(), at=0, before=None, dead_letters=0):
    now = NOON + timedelta(minutes=at)
    return health.observed(
        looked, backlog, dict(recent), dead_letters=dead_letters, before=before, at=now
    )


class Dependencies:
    def __init__(self, *failing):
        self.failing, self.looks = set(failing), 0

    def look(self):
        self.looks += 1
        return [HealthCheck(one.name, one.name not in self.failing, 3) for one in WELL]


@pytest.mark.parametrize(
    ("error_rate", "p95_ms", "failed", "expected"),
    [
        (0, 0, 0, 100),
        (0.05, 0, 0, 80),
        (0.1, 0, 0, 60),
        (0.9, 0, 0, 60),
        (0, 5000, 0, 100),
        (0, 7500, 0, 85),
        (0, 60_000, 0, 70),
        (0, 0, 0.5, 85),
        (1, 60_000, 1, 0),
    ],
)
def test_the_score_is_what_the_formula_says(error_rate, p95_ms, failed, expected):
    assert health.score(error_rate=error_rate, p95_ms=p95_ms, failed=failed) == expected


def test_without_its_store_the_platform_is_down_and_without_the_engine_it_is_degraded():
    found = {
        name: states.platform_state(look(failing(name))[0], at=NOON)
        for name in ("store", "signing_key", "workflow_engine")
    }
    assert found == {"store": "down", "signing_key": "down", "workflow_engine": "degraded"}
    assert states.platform_state(look()[0], at=NOON) == "healthy"


def test_an_audit_log_that_lags_is_down():
    late = Backlog(unpublished=1, oldest_at=NOON - timedelta(minutes=3), overdue=0)
    now, _ = look(backlog=late)
    (check,) = [check for check in now.checks if check.name == "audit_log"]
    assert check.status == "down"
    assert check.detail == "the oldest entry has waited 180 seconds for the tap"


def test_a_service_fails_with_what_it_depends_on_and_no_other_does():
    now, _ = look(failing("workflow_engine"))
    status = {one.key: one.status for one in now.services}
    assert (status["agents"], status["approvals"]) == ("degraded", "degraded")
    assert (status["genesis"], status["identity"]) == ("healthy", "healthy")


def test_a_service_is_as_its_own_requests_are_and_unasked_it_has_no_rate():
    now, _ = look(recent={"agents": Recent(requests=100, failures=50, p95_ms=12_000)})
    services = {one.key: one for one in now.services}
    assert (services["agents"].health_score, services["agents"].status) == (30, "down")
    assert services["agents"].error_rate_5m == 0.5
    assert services["genesis"].error_rate_5m is None
    assert now.error_rate_5m == 0.5


def test_after_three_missed_looks_nobody_knows():
    now, _ = look()
    fresh = states.services(now, at=NOON + timedelta(minutes=15))
    assert {one.status for one in fresh} == {"healthy"}
    old = states.services(now, at=NOON + timedelta(minutes=16))
    assert {(one.status, one.health_score) for one in old} == {("unknown", None)}
    assert states.platform_state(now, at=NOON + timedelta(minutes=16)) == "degraded"
    assert states.services(None, at=NOON) == ()


def test_a_fault_is_an_incident_only_when_it_lasts():
    now, alarms = look(failing("store"))
    assert (alarms, now.watched) == ([], True)
    now, alarms = look(failing("store"), at=1, before=now)
    assert alarms == []
    _, alarms = look(failing("store"), at=2, before=now)
    assert [(one.key, one.severity) for one in alarms] == [("store:database_issue", "critical")]


def test_a_fault_that_went_away_begins_anew():
    now, _ = look(failing("store"))
    now, _ = look(at=1, before=now)
    assert (now.raised, now.cleared) == ({}, {"store:database_issue": NOON + timedelta(minutes=1)})
    now, alarms = look(failing("store"), at=2, before=now)
    assert alarms == []
    assert now.cleared == {}


@pytest.mark.parametrize(
    ("seen", "key", "severity"),
    [
        ({"recent": {"agents": Recent(100, 11, 50)}}, "agents:service_outage", "high"),
        ({"dead_letters": 11}, "events:infrastructure_failure", "medium"),
    ],
)
def test_what_needs_no_patience_is_told_at_once(seen, key, severity):
    _, alarms = look(**seen)
    assert [(one.key, one.severity) for one in alarms] == [(key, severity)]


@pytest.mark.parametrize(
    ("seen", "key", "minutes"),
    [
        ({"recent": {"mobile": Recent(20, 0, 10_001)}}, "mobile:performance_degradation", 15),
        ({"backlog": Backlog(1001, NOON, 0)}, "events:infrastructure_failure", 10),
        (
            {"looked": (HealthCheck("store", True, 5001), *WELL[1:])},
            "store:database_issue",
            10,
        ),
    ],
)
def test_what_may_pass_is_told_when_it_does_not(seen, key, minutes):
    now, alarms = look(**seen)
    assert key in now.raised
    assert key not in {one.key for one in alarms}
    _, alarms = look(**seen, at=minutes, before=now)
    assert key in {one.key for one in alarms}


@pytest.mark.parametrize(
    "seen",
    [
        {"recent": {"agents": Recent(9, 9, 99_999)}},
        {"recent": {"agents": Recent(100, 10, 9999)}},
        {"dead_letters": 10},
        {"backlog": Backlog(1000, NOON, 0)},
    ],
)
def test_what_is_within_bounds_raises_nothing(seen):
    now, alarms = look(**seen)
    assert (dict(now.raised), alarms) == ({}, [])


def see(call, dependencies, telemetry=None):
    probe_services(call, dependencies, FakeRelay(), telemetry or FakeTelemetry())


def test_it_looks_every_five_minutes_and_every_minute_while_something_is_wrong(reacting):
    dependencies = Dependencies()

    def run(at):
        see(reacting(at=at), dependencies)
        return dependencies.looks

    assert [run(0), run(1), run(4), run(5)] == [1, 1, 1, 2]
    dependencies.failing = {"workflow_engine"}
    assert [run(10), run(11), run(12)] == [3, 4, 5]


def test_only_who_may_see_them_sees_the_checks(call_as, reacting):
    see(reacting(), Dependencies("signing_key"))
    public = get_health(call_as(at=1), FakeEnforcing())
    assert (public.status, public.checks) == ("down", None)
    inside = get_health(call_as(Role.VIEWER, at=1), FakeEnforcing())
    assert {(c.name, c.status) for c in inside.checks or () if c.status != "healthy"} == {
        ("signing_key", "down")
    }
    assert (
        get_health(call_as(Role.CUSTOMER_ADMIN, own="acme", at=1), FakeEnforcing()).checks is None
    )


def test_what_stops_every_change_is_told_to_all_and_in_words_to_who_may_see_them(call_as):
    enforcing = FakeEnforcing()
    says, why = "the writer key is gone; restore it", "an incident is looked into"
    enforcing.now = Enforcement(
        level="off", rule="key_missing", says=says, since=NOON, frozen=True, freeze_reason=why
    )
    public = get_health(call_as(), enforcing)
    told = public.enforcement
    assert (public.status, told.level, told.rule, told.says) == ("down", "off", "key_missing", "")
    assert (told.frozen, told.freeze_reason) == (True, None)
    inside = get_health(call_as(Role.VIEWER), enforcing).enforcement
    assert (inside.says, inside.freeze_reason) == (says, why)


def test_services_are_listed_as_last_seen(call_as, reacting):
    assert list_services(call_as(Role.VIEWER)).items == ()
    see(reacting(), Dependencies())
    items = list_services(call_as(Role.VIEWER, at=1)).items
    assert {one.key for one in items} == set(health.DEPENDS)
    assert {(one.health_score, one.version, one.slot) for one in items} == {(100, VERSION, None)}


def test_one_look_costs_one_document(reacting, documents):
    see(reacting(), Dependencies())
    found = documents.get(Key(PLATFORM, Observation.collection, LATEST))
    assert Observation.model_validate(found.data).checked_at == NOON


def test_it_looks_at_the_rest_where_nobody_counts_the_requests(reacting, documents):
    class Silent:
        def recent(self, at):
            raise ProviderDown("Cloud Monitoring does not answer")

    see(reacting(), Dependencies(), Silent())
    found = documents.get(Key(PLATFORM, Observation.collection, LATEST))
    assert Observation.model_validate(found.data).error_rate_5m is None
