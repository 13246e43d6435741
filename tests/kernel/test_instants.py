"""Instants: however a time is written, all that follows sees the same one."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.approvals.approve_approval import approve_approval
from functions.approvals.create_approval import create_approval
from functions.approvals.defer_approval import defer_approval
from functions.approvals.delegate_approval import delegate_approval
from functions.approvals.get_approval import get_approval
from functions.audit.append_entries import append_entries
from functions.mobile.acknowledge_violation import acknowledge_violation
from functions.mobile.approve_on_phone import approve_on_phone
from functions.mobile.list_violations import list_violations
from functions.mobile.plan_remediation import plan_remediation
from functions.mobile.register_device import register_device
from functions.mobile.sync_vetoes import sync_vetoes
from functions.platform.put_feature_flag import put_feature_flag
from shared.actors import PLATFORM, Actor, Role
from shared.approvals.models.approvals import Approval
from shared.approvals.models.questions import ApprovalRequest
from shared.audit.models import Report
from shared.devices.models import Device
from shared.documents import Query
from shared.evidence import Circumstances, Entry
from shared.instants import instant, written
from shared.platform.models.flags import FlagSetting
from shared.store import Transaction
from shared.violations.actions import opening
from shared.violations.models import Finding
from shared.violations.rules import lifecycle
from tests.conftest import NOON
from tests.mobile.phone import Phone

REASON = "I am travelling until tomorrow evening."
DEPUTY = "deputy_governor.platform"


# --- the type ------------------------------------------------------------------------------------


@settings(deadline=None)
@given(
    st.lists(
        st.datetimes(timezones=st.just(UTC)).map(lambda m: m.replace(microsecond=0)),
        min_size=2,
        max_size=2,
    )
)
def test_the_order_of_what_is_written_is_the_order_of_time(moments):
    assert sorted(map(written, moments)) == [written(moment) for moment in sorted(moments)]


@pytest.mark.parametrize("naive", [datetime(2026, 1, 1, 12), datetime(1, 1, 1)])
def test_a_moment_without_a_zone_is_never_written(naive):
    with pytest.raises(ValueError, match="zone"):
        written(naive)


def test_an_offset_is_converted_and_not_dropped():
    moment = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=-23, minutes=-59)))
    assert written(moment) == "2026-01-02T11:59:00.000Z"


def test_what_is_finer_than_a_millisecond_is_cut_on_the_way_in():
    assert instant("2026-01-01T12:00:00.0009999Z") == NOON


@pytest.mark.parametrize("given", [1767268800, 1767268800.0, True, None, [], "1767268800", "noon"])
def test_a_number_of_seconds_is_no_time(given):
    with pytest.raises(ValueError, match="a time is"):
        instant(given)


# --- the operations, over HTTP -------------------------------------------------------------------


def at(offset, **after):
    """Write a moment after noon as a clock shows it that is so many minutes ahead of UTC."""
    return (NOON + timedelta(**after)).astimezone(timezone(timedelta(minutes=offset))).isoformat()


def utc(**after):
    return written(NOON + timedelta(**after))


OFFSETS = pytest.mark.parametrize("offset", [-(24 * 60 - 1), -300, 0, 840, 24 * 60 - 1])


@pytest.fixture
def asked(world):
    (example,) = ApprovalRequest.model_config["json_schema_extra"]["examples"]
    return world.call(create_approval, "/v1/approvals", example, as_="service").json


def entries(world, action):
    found = world.ports.documents.find(PLATFORM, Query(Entry.collection))
    return [Entry.model_validate(row.data) for row in found if row.data["action"] == action]


def kept(world, collection):
    return [row.data for row in world.ports.documents.find(PLATFORM, Query(collection))]


@OFFSETS
def test_a_deferral_ends_when_it_says(world, asked, offset):
    path = f"/v1/approvals/{asked['id']}/defer"
    answer = world.call(defer_approval, path, {"until": at(offset, hours=2)}, as_="governor")
    assert answer.status_code == 200, answer.json
    assert answer.json["deferred_until"] == utc(hours=2)
    assert kept(world, Approval.collection)[0]["deferred_until"] == utc(hours=2)
    (entry,) = entries(world, "approval.deferred")
    assert entry.data["until"] == utc(hours=2)
    world.now = NOON + timedelta(minutes=119)
    shown = world.call(get_approval, f"/v1/approvals/{asked['id']}", as_="governor").json
    assert shown["deferred_until"] == utc(hours=2)
    assert shown["status"] == "pending"


@OFFSETS
@pytest.mark.parametrize("hours", [0.9, 7 * 24 + 0.1])
def test_no_offset_makes_a_deferral_shorter_or_longer_than_it_may_be(world, asked, offset, hours):
    path = f"/v1/approvals/{asked['id']}/defer"
    answer = world.call(defer_approval, path, {"until": at(offset, hours=hours)}, as_="governor")
    assert answer.json["violations"][0]["rule"] == "defer_until"


@OFFSETS
def test_a_deputy_has_the_authority_for_as_long_as_it_was_given(world, asked, offset):
    place = f"/v1/approvals/{asked['id']}"
    handover = {"to": DEPUTY, "reason": REASON, "until": at(offset, minutes=30)}
    answer = world.call(delegate_approval, f"{place}/delegate", handover, as_="governor")
    assert answer.json["delegations"][0]["until"] == utc(minutes=30)
    assert kept(world, Approval.collection)[0]["delegations"][0]["until"] == utc(minutes=30)
    world.now = NOON + timedelta(minutes=31)
    yes = {"expected_digest": asked["action_digest"]}
    answer = world.call(approve_approval, f"{place}/approve", yes, as_="deputy_governor")
    assert answer.status_code == 403, answer.json


@pytest.fixture
def phone(world):
    phone = Phone(None)
    phone.call = lambda at=0: type("Then", (), {"now": world.now + timedelta(minutes=at)})
    phone.id = "governor.platform"
    given = phone.enrolment()
    made = world.call(register_device, "/v1/mobile/devices", given, as_="governor")
    assert made.status_code == 201, made.json
    phone.device = Device.model_validate(kept(world, Device.collection)[0])
    return phone


@OFFSETS
def test_a_signature_is_over_the_instant_however_it_is_written(world, phone, asked, offset):
    body = phone.sign(Approval.model_validate(asked), "approve")
    body["decided_at"] = at(offset)
    body["device"]["sig_expires_at"] = at(offset, minutes=5)
    path = f"/v1/mobile/approvals/{asked['id']}/approve"
    answer = world.call(approve_on_phone, path, body, as_="governor")
    assert answer.status_code == 200, answer.json


@pytest.mark.parametrize("offset", ["-05:00", "-23:59", "-00:06"])
def test_no_offset_revives_a_signature_that_ended(world, phone, asked, offset):
    body = phone.sign(Approval.model_validate(asked), "approve")
    world.now = NOON + timedelta(minutes=6)
    body["device"]["sig_expires_at"] = body["device"]["sig_expires_at"].replace("Z", offset)
    path = f"/v1/mobile/approvals/{asked['id']}/approve"
    answer = world.call(approve_on_phone, path, body, as_="governor")
    assert answer.status_code in {403, 410, 422}, answer.json
    assert kept(world, Approval.collection)[0]["status"] == "pending"


@OFFSETS
def test_a_phones_clock_is_corrected_by_the_instant_it_says(world, phone, asked, offset):
    world.now = NOON + timedelta(minutes=3)
    item = phone.queue(Approval.model_validate(asked))
    body = {"items": [item], "sent_at": at(offset, minutes=5)}
    answer = world.call(sync_vetoes, "/v1/mobile/sync", body, as_="governor").json
    assert answer["results"][0]["result"] == "applied"
    assert kept(world, "vetoes")[0]["created_at"] == utc(minutes=1)


@OFFSETS
@pytest.mark.parametrize(("minutes", "skewed"), [(0, False), (-6, True), (6, True)])
def test_a_report_is_signed_with_the_instant_it_says(world, offset, minutes, skewed):
    (example,) = Report.model_config["json_schema_extra"]["examples"]
    report = example | {"occurred_at": at(offset, minutes=minutes)}
    answer = world.call(append_entries, "/v1/audit/log", report, as_="service")
    assert answer.status_code == 201, answer.json
    (entry,) = entries(world, "reported.skill.completed")
    assert entry.data["occurred_at"] == utc(minutes=minutes)
    assert entry.data["skewed"] is skewed


@OFFSETS
def test_a_flag_expires_when_it_says(world, offset):
    (example, *_) = FlagSetting.model_config["json_schema_extra"]["examples"]
    setting = example | {"expires_at": at(offset, days=3)}
    answer = world.call(
        put_feature_flag,
        "/v1/admin/feature-flags/new_inbox",
        setting,
        as_="admin",
        headers={"If-Match": '""'},
    )
    assert answer.status_code == 201, answer.json
    assert answer.json["expires_at"] == utc(days=3)
    assert kept(world, "feature_flags")[0]["expires_at"] == utc(days=3)


@pytest.fixture
def violation(world):
    new = lifecycle.opened(
        Finding(
            type="constitutional",
            code="SCOPE-DRIFT",
            severity="high",
            description="It wrote about doses.",
            actor_id="somebody",
        ),
        tenant=PLATFORM,
        occasion="1",
        by="service:tests",
        at=NOON,
    )
    by = Actor(id="service:tests", tenant=PLATFORM, roles=frozenset({Role.SERVICE}))
    circumstances = Circumstances(actor=by, at=NOON, operation="tests.call", correlation_id="1")
    txn = Transaction(
        world.ports.documents, world.ports.signer, tenant=PLATFORM, circumstances=circumstances
    )
    opened = opening.open_violation(txn, new)
    world.ports.documents.commit(txn.writes)
    return opened


@OFFSETS
def test_a_plan_is_due_when_it_says(world, violation, offset):
    place = f"/v1/mobile/violations/{violation.id}"
    world.call(acknowledge_violation, f"{place}/acknowledge", {}, as_="governor")
    plan = {"plan": "Certify the sources again.", "due_at": at(offset, hours=9)}
    answer = world.call(plan_remediation, f"{place}/plan", plan, as_="governor")
    assert answer.json["due_at"] == utc(hours=9)
    assert kept(world, "violations")[0]["due_at"] == utc(hours=9)
    assert utc(hours=9) in [entry.data["due_at"] for entry in entries(world, "violation.updated")]


@OFFSETS
@pytest.mark.parametrize(("seconds", "found"), [(0, 1), (1, 0)])
def test_a_list_begins_at_the_instant_it_is_asked_for(world, violation, offset, seconds, found):
    query = {"since": at(offset, seconds=seconds)}
    answer = world.call(list_violations, "/v1/mobile/violations", query=query, as_="governor")
    assert [item["id"] for item in answer.json["items"]] == [violation.id] * found


def test_what_is_kept_is_what_is_told(world, asked):
    """The answer, the document and a later read hold the same text of the same instant."""
    body = {"until": at(840, hours=2, microseconds=123_456)}
    path = f"/v1/approvals/{asked['id']}"
    told = world.call(defer_approval, f"{path}/defer", body, as_="governor").json
    document = kept(world, Approval.collection)[0]
    shown = world.call(get_approval, path, as_="governor").json
    moments = {json.dumps(each["deferred_until"]) for each in (told, document, shown)}
    assert moments == {json.dumps(utc(hours=2, milliseconds=123))}
