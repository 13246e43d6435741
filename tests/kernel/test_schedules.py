"""Schedules by time of day: at the right instant in every zone, once for each moment, whatever happened meanwhile."""

from datetime import UTC, datetime, time, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.clock import Clock
from local.timers import ScheduleLoop
from shared.edge.delivery import woken
from shared.edge.entry import listener
from shared.errors import ProviderDown
from shared.reaction import reaction
from shared.schedules import Schedule
from tests.conftest import ports_of
from tests.kernel.things import Thing, ThingMade

BERLIN = ZoneInfo("Europe/Berlin")


def at(text, zone=UTC):
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def moments(schedule, since, number):
    found = []
    for _ in range(number):
        since = schedule.next(since)
        found.append(since)
    return found


def test_a_time_that_the_clock_jumps_over_is_the_first_moment_after_the_gap():
    schedule = Schedule(time(2, 30), "Europe/Berlin")
    assert moments(schedule, at("2026-03-27T12:00"), 3) == [
        at("2026-03-28T01:30"),
        at("2026-03-29T01:00"),  # 03:00 in Berlin, where it has just been 01:59
        at("2026-03-30T00:30"),
    ]


def test_a_time_that_comes_twice_is_the_first_of_the_two():
    schedule = Schedule(time(2, 30), "Europe/Berlin")
    assert moments(schedule, at("2026-10-24T12:00"), 2) == [
        at("2026-10-25T00:30"),
        at("2026-10-26T01:30"),
    ]
    assert schedule.last(at("2026-10-25T01:30")) == at("2026-10-25T00:30")


@pytest.mark.parametrize(
    ("zone", "wall", "since", "moment"),
    [
        # Midnight itself is jumped over.
        ("Africa/Cairo", time(0, 30), "2025-04-24T12:00", "2025-04-24T22:00"),
        # Half an hour is.
        ("Australia/Lord_Howe", time(2, 15), "2026-10-03T12:00", "2026-10-03T15:30"),
        # A day that never was, where an island crossed the date line: 31 December, and once.
        ("Pacific/Apia", time(12), "2011-12-29T23:00", "2011-12-30T10:00"),
        # The gap ends the day.
        ("America/Nuuk", time(23, 30), "2024-03-30T12:00", "2024-03-31T01:00"),
        ("Asia/Kolkata", time(2), "2026-01-01T00:00", "2026-01-01T20:30"),
    ],
)
def test_odd_clocks_are_read_right(zone, wall, since, moment):
    assert Schedule(wall, zone).next(at(since)) == at(moment)


def test_days_of_the_week_are_those_of_the_zone():
    schedule = Schedule(time(0, 15), "Asia/Kolkata", ("monday", "thursday"))
    assert [
        one.astimezone(ZoneInfo("Asia/Kolkata")).strftime("%a %H:%M")
        for one in moments(schedule, at("2026-02-27T12:00"), 3)
    ] == ["Mon 00:15", "Thu 00:15", "Mon 00:15"]


def test_a_day_that_a_month_does_not_have_is_its_last():
    schedule = Schedule(time(2), day=31)
    days = [one.day for one in moments(schedule, at("2027-12-31T12:00"), 5)]
    assert days == [31, 29, 31, 30, 31]


@given(
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/Havana", "Australia/Lord_Howe"]),
    wall=st.times().map(lambda one: time(one.hour, one.minute)),
    since=st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1)),
)
def test_there_is_one_moment_a_day_and_none_is_passed_over(zone, wall, since):
    schedule, since = Schedule(wall, zone), since.replace(tzinfo=UTC)
    after, before = schedule.next(since), schedule.last(since)
    assert before <= since < after
    assert schedule.last(after) == after
    assert schedule.last(after - timedelta(microseconds=1)) == before
    assert timedelta(hours=22) <= after - before <= timedelta(hours=26)
    shown = after.astimezone(ZoneInfo(zone))
    assert shown.time() >= wall or shown.date() > before.astimezone(ZoneInfo(zone)).date()


@pytest.mark.parametrize(
    "said",
    [
        {"at": "02:30:15"},
        {"at": "25:00"},
        {"at": "02:30+01:00"},
        {"at": "02:30", "day": 32},
        {"at": "02:30", "day": 1, "weekday": "monday"},
        {"day": 1},
    ],
)
def test_what_is_no_schedule_is_refused(said):
    with pytest.raises(ValueError):
        reaction(**said)


# --- what runs -----------------------------------------------------------------------------------


@pytest.fixture
def now():
    return SimpleNamespace(time=at("2026-03-28T12:00"))


@pytest.fixture
def ports(documents, signer, now):
    return ports_of(documents, signer, lambda: now.time)


def making(**said):
    """A reaction that makes a thing for each moment that it runs for."""

    def make_thing(call):
        ran.append(call.moment)
        with call.transaction() as txn:
            thing = Thing(
                id=call.new_id(),
                tenant_id=call.tenant,
                created_at=call.now,
                updated_at=call.now,
                governance_agent_id="genesis",
                size=1,
            )
            txn.create(thing, ThingMade(size=1))

    ran = []
    make_thing.__module__ = "functions.tests.make_thing"
    return reaction(**said)(make_thing).declared, ran


NIGHTLY = {"at": "02:30", "zone": "Europe/Berlin"}


def test_it_runs_once_for_a_moment_however_often_it_is_woken(ports, now, documents):
    made, ran = making(**NIGHTLY)
    assert not woken(made, ports)
    for _ in range(2):
        now.time = at("2026-03-29T01:00")
        woken(made, ports)
        now.time = at("2026-03-29T01:30")  # the second waking of the cloud's scheduler
        woken(made, ports)
    assert ran == [at("2026-03-29T01:00")]
    now.time = at("2026-03-30T00:30")
    assert woken(made, ports)
    assert len(ran) == 2


def test_of_several_moments_that_passed_it_runs_for_the_last(ports, now):
    made, ran = making(**NIGHTLY)
    woken(made, ports)
    now.time = at("2026-04-05T12:00")
    assert woken(made, ports)
    assert ran == [at("2026-04-05T00:30")]


def test_what_it_never_looked_at_is_not_made_up_for(ports, now):
    made, ran = making(at="02:30", day=1)
    assert not woken(made, ports)
    now.time = at("2026-04-01T02:30")
    assert woken(made, ports)
    assert ran == [at("2026-04-01T02:30")]


def test_the_first_moment_ever_is_run_for_though_it_comes_late(ports, now):
    made, ran = making(**NIGHTLY)
    now.time = at("2026-03-29T01:30")
    assert woken(made, ports)
    assert ran == [at("2026-03-29T01:00")]


def test_who_wakes_it_may_have_a_clock_a_little_ahead(ports, now):
    made, ran = making(**NIGHTLY)
    now.time = at("2026-03-29T00:59:59")
    assert woken(made, ports)
    now.time = at("2026-03-29T01:00:01")
    assert not woken(made, ports)
    assert ran == [at("2026-03-29T01:00")]


def test_what_failed_has_not_run(ports, now):
    failing = [True]

    def fail(call):
        if failing.pop():
            raise ProviderDown("down")

    fail.__module__ = "functions.tests.fail"
    failing.insert(0, False)
    made = reaction(**NIGHTLY)(fail).declared
    now.time = at("2026-03-29T01:00")
    with pytest.raises(ProviderDown):
        woken(made, ports)
    assert woken(made, ports)
    assert not woken(made, ports)


def test_the_cloud_wakes_it_by_an_event_of_its_own(ports, now):
    made, ran = making(**NIGHTLY)
    now.time = at("2026-03-29T01:00")
    for _ in range(2):
        listener(made, lambda: ports)({"type": "com.waooaw.schedule.v1"})
    assert ran == [at("2026-03-29T01:00")]


def test_a_clock_that_jumps_over_the_change_runs_it_once_also_over_restarts(
    documents, signer, monkeypatch, tmp_path
):
    made, ran = making(**NIGHTLY)
    monkeypatch.setattr("local.timers.reactions", lambda: [made])
    clock = Clock(tmp_path / "clock")
    change = at("2027-03-28T01:00")
    clock.jump(change - timedelta(hours=10))
    loop = ScheduleLoop(ports_of(documents, signer, clock.now), clock)
    assert loop.work() == change
    assert ran == []
    clock.jump(change + timedelta(minutes=1))
    assert loop.work() == at("2027-03-29T00:30")
    again = Clock(tmp_path / "clock")
    loop = ScheduleLoop(ports_of(documents, signer, again.now), again)
    assert loop.work() == at("2027-03-29T00:30")
    assert ran == [change]
