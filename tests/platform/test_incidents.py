"""Incidents: who opens, joins, owns and ends one, and what opens and ends by itself."""

from datetime import timedelta

import pytest

from functions.platform.create_incident import create_incident
from functions.platform.list_incidents import WhichIncidents, list_incidents
from functions.platform.probe_services import probe_services
from functions.platform.rest_incident import rest_incident
from functions.platform.transition_incident import transition_incident
from shared.actors import PLATFORM, Role
from shared.documents import Key, Query
from shared.errors import Conflict, Forbidden, Invalid
from shared.evidence import Entry
from shared.platform.events import IncidentRested
from shared.platform.models.incidents import MAX_REMARKS, IncidentReport, IncidentStep
from shared.promises import Due
from tests.conftest import NOON, FakeRelay, FakeTelemetry
from tests.platform.test_services import Dependencies

REPORT = IncidentReport(
    title="Approvals cannot be opened",
    description="The inbox is empty.",
    type="service_outage",
    severity="high",
    affected_services=("mobile",),
)
ENGINEER = Role.INFRASTRUCTURE_ENGINEER


@pytest.fixture
def opened(call_as):
    return create_incident(call_as(Role.HELPDESK_AGENT), REPORT)


@pytest.fixture
def go(call_as):
    def go(incident, at=1, role=ENGINEER, id="", **step):
        return transition_incident(call_as(role, id=id, at=at), incident.id, IncidentStep(**step))

    return go


@pytest.fixture
def looking(reacting, call_as):
    """Look once, with some dependencies failing, and return the incidents there are."""

    def look(at, *failing):
        probe_services(reacting(at=at), Dependencies(*failing), FakeRelay(), FakeTelemetry())
        return list_incidents(call_as(Role.VIEWER), WhichIncidents()).items

    return look


def actions(documents):
    found = documents.find(PLATFORM, Query(Entry.collection, order=(("ts", "asc"),)))
    return [one.data["action"] for one in found]


def test_a_report_opens_one_with_a_number_for_people(opened, call_as):
    assert (opened.number, opened.status, opened.owner) == ("INC-000001", "open", None)
    other = REPORT.model_copy(update={"type": "security"})
    assert create_incident(call_as(Role.ADMIN), other).number == "INC-000002"


def test_the_same_within_half_an_hour_is_the_same_incident(opened, call_as):
    joined = create_incident(call_as(Role.ADMIN, at=30), REPORT)
    assert (joined.id, len(joined.timeline)) == (opened.id, 2)
    later = create_incident(call_as(Role.ADMIN, at=31), REPORT)
    assert later.id != opened.id


def test_whoever_acknowledges_it_owns_it(opened, go):
    taken = go(opened, to="investigating", id="ada")
    assert (taken.owner, taken.acknowledged_at) == ("ada", NOON + timedelta(minutes=1))
    with pytest.raises(Forbidden, match="is for its owner"):
        go(opened, note="I know better", id="bob")
    assert go(opened, note="so do I", role=Role.ADMIN).owner == "ada"


def test_it_goes_its_way_and_no_other(opened, go):
    for to in ("resolved", "closed"):
        with pytest.raises(Conflict, match="is open and leads to investigating"):
            go(opened, to=to)
    go(opened, to="investigating")
    go(opened, to="resolved", at=2)
    with pytest.raises(Conflict, match="root_cause"):
        go(opened, to="closed", at=3)
    closed = go(opened, to="closed", at=4, root_cause="A full disk.")
    assert (closed.status, closed.closed_at) == ("closed", NOON + timedelta(minutes=4))
    with pytest.raises(Conflict, match="leads to nowhere"):
        go(opened, to="investigating", at=5)


def test_a_step_says_something(opened, go):
    with pytest.raises(Invalid, match="say what is done"):
        go(opened)
    assert go(opened, public_message="We are on it.").public_message == "We are on it."


def test_a_timeline_ends(opened, go):
    for _ in range(MAX_REMARKS - 1):
        go(opened, note="still nothing")
    with pytest.raises(Conflict, match="open a new incident"):
        go(opened, note="one too many")
    assert go(opened, to="investigating").status == "investigating"


def test_an_alarm_goes_on_when_the_timeline_is_full(looking, go):
    for minute in (0, 1, 2):
        looking(minute, "store")
    (incident,) = looking(3)
    for _ in range(MAX_REMARKS - 1):
        go(incident, at=4, note="still nothing")
    (after,) = looking(18)
    assert (after.status, len(after.timeline)) == ("resolved", MAX_REMARKS)


def test_every_step_is_evidence(opened, go, documents):
    go(opened, to="investigating")
    assert actions(documents) == ["incident.opened", "incident.transitioned"]


def test_what_is_down_for_more_than_two_minutes_opens_one_by_itself(looking):
    assert looking(0, "store") == ()
    assert looking(1, "store") == ()
    (incident,) = looking(2, "store")
    assert (incident.severity, incident.type, incident.detected_by) == (
        "critical",
        "database_issue",
        "alert",
    )
    assert incident.title == "store is down"
    assert len(looking(3, "store")) == 1


def test_it_is_resolved_when_all_has_been_green_for_a_quarter_of_an_hour(looking, go):
    for minute in (0, 1, 2):
        looking(minute, "store")
    (incident,) = looking(3)
    with pytest.raises(Conflict, match="off for 15 minutes"):
        go(go(incident, to="investigating", at=4), to="resolved", at=17)
    looking(8)
    looking(13)
    (before,) = looking(17.5)
    assert before.status == "investigating"
    (after,) = looking(18)
    assert (after.status, after.resolved_at) == ("resolved", NOON + timedelta(minutes=18))


@pytest.mark.parametrize(("hours", "again", "count"), [(20, "investigating", 1), (25, "open", 2)])
def test_what_comes_back_within_a_day_is_the_same_incident(looking, hours, again, count):
    for minute in (0, 1, 2):
        looking(minute, "store")
    for minute in (3, 18):
        (incident,) = looking(minute)
    assert incident.status == "resolved"
    for minute in (0, 1, 2):
        found = looking(hours * 60 + minute, "store")
    assert len(found) == count
    assert found[0].status == again


def test_a_week_after_it_was_resolved_it_is_closed(opened, go, reacting, documents, call_as):
    small = REPORT.model_copy(update={"severity": "low", "type": "security"})
    incident = create_incident(call_as(Role.ADMIN), small)
    go(incident, to="investigating")
    resolved = go(incident, to="resolved", at=2)
    (due,) = documents.find(PLATFORM, Query(Due.collection))
    assert due.data["at"] == "2026-01-08T12:02:00.000Z"
    event = IncidentRested(resolved_at=resolved.resolved_at)
    rest_incident(reacting(f"incidents/{incident.id}", at=7 * 1440 + 2), event)
    found = documents.get(Key(PLATFORM, "incidents", incident.id))
    assert found.data["status"] == "closed"


def test_a_grave_one_is_not_closed_without_its_cause(opened, go, reacting, documents):
    go(opened, to="investigating")
    resolved = go(opened, to="resolved", at=2)
    event = IncidentRested(resolved_at=resolved.resolved_at)
    rest_incident(reacting(f"incidents/{opened.id}", at=7 * 1440 + 2), event)
    assert documents.get(Key(PLATFORM, "incidents", opened.id)).data["status"] == "resolved"


@pytest.mark.parametrize(
    ("which", "found"),
    [
        ({"status": ("open",)}, 1),
        ({"status": ("closed", "open")}, 1),
        ({"status": ("closed", "open"), "severity": ("low", "high")}, 1),
        ({"severity": ("high",)}, 1),
        ({"service": "mobile"}, 1),
        ({"service": "identity"}, 1),
        ({"status": ("closed",)}, 0),
        ({"status": ("closed", "open"), "service": "agents"}, 0),
    ],
)
@pytest.mark.usefixtures("documents")
def test_they_are_found_by_state_severity_and_every_service_they_hit(call_as, which, found):
    services = ("mobile", "identity")
    create_incident(call_as(Role.ADMIN), REPORT.model_copy(update={"affected_services": services}))
    asked = WhichIncidents(**which)
    assert len(list_incidents(call_as(Role.VIEWER), asked).items) == found
