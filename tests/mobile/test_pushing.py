"""Pushes: to whom, when, in which shape, and what becomes of each."""

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.approvals.approve_approval import Agreement, approve_approval
from functions.identity.put_notification_preferences import put_notification_preferences
from functions.mobile.push_later import push_later
from functions.mobile.push_notification import push_notification
from functions.mobile.read_notification import read_notification
from functions.mobile.register_device import register_device
from shared.actors import PLATFORM, Role
from shared.agents.models.agents import Agent
from shared.agents.rules.notices import AGENTS
from shared.approvals.rules.notices import QUESTIONS
from shared.devices.models import Destination, Device
from shared.documents import Query
from shared.entity import written
from shared.notifications.actions.telling import tell
from shared.notifications.events import NotificationFailed, NotificationSent, PushDue
from shared.notifications.models import (
    Notification,
    NotificationPreferences,
    PushDay,
    PushLog,
    QuietHours,
)
from shared.notifications.rules import messages, pushing
from shared.notifications.rules.notices import notice
from shared.notifications.rules.preferences import Wishes
from shared.outside import Pushed
from shared.promises import Due
from tests.conftest import NOON, examples
from tests.mobile.phone import Phone, asked, stored


@pytest.fixture
def told(call_as):
    def tell_about(kind="agent_status", *, audience="governor", at=0, **changes):
        one = {"subject": "agents/a1", "title": "Look", "body": "At it."} | changes
        new = notice(
            kind,
            tenant=PLATFORM,
            audience=audience,
            at=NOON + timedelta(minutes=at),
            occasion=f"{at}",
            **one,
        )
        with call_as(Role.SERVICE, at=at).transaction() as txn:
            tell(txn, new)
        return new

    return tell_about


@pytest.fixture
def pushed(reacting, push):
    def push_it(notification, at=0):
        subject = f"notifications/{notification.id}"
        event = NotificationSent(kind=notification.kind, channel="inbox")
        push_notification(reacting(subject, at=at), event, push)

    return push_it


@pytest.fixture
def dues(documents):
    def found():
        rows = [Due.model_validate(row.data) for row in documents.find(PLATFORM, Query("dues"))]
        return [one for one in rows if one.action == PushDue.traits.action]

    return found


@pytest.fixture
def events(documents):
    def found(action):
        rows = documents.find(PLATFORM, Query("events"))
        return [row.data["data"] for row in rows if row.data["action"] == action]

    return found


def test_what_is_told_to_a_role_is_pushed_to_all_who_hold_it(call_as, told, pushed, push):
    phones = [Phone(call_as, Role.GOVERNOR, id=f"g{n}").register() for n in range(3)]
    Phone(call_as, Role.VIEWER, id="v").register()
    pushed(told())
    assert {m["token"] for m in push.messages} == {one.given["fcm_token"] for one in phones}


def test_what_is_told_to_one_person_is_for_their_devices_alone(call_as, told, pushed, push):
    mine = Phone(call_as, Role.GOVERNOR, id="g1").register()
    Phone(call_as, Role.GOVERNOR, id="g2").register()
    pushed(told(audience="g1"))
    assert [m["token"] for m in push.messages] == [mine.given["fcm_token"]]


def test_a_customers_question_is_pushed_to_the_platforms_governor_until_it_is_answered(
    call_as, told, pushed, push
):
    Phone(call_as).register()
    question = asked(call_as, tenant="acme", governor_scope="platform")
    subject = f"approvals/{question.id}"
    pushed(told("approval_pending", subject=subject))
    (message,) = push.messages
    assert message["data"]["approval_id"] == question.id
    assert message["data"]["deep_link"] == f"waooaw://{subject}"
    call = call_as(Role.GOVERNOR, tenant="acme", own=PLATFORM, at=1)
    approve_approval(call, question.id, Agreement(expected_digest=question.action_digest))
    pushed(told("approval_pending", subject=subject, at=2), at=2)
    assert len(push.messages) == 1


def test_a_push_is_written_down_and_done_once(call_as, told, pushed, push, events):
    phone = Phone(call_as).register()
    new = told()
    for _ in range(2):
        pushed(new)
    assert len(push.messages) == 1
    log = stored(call_as, PushLog, f"{new.id}:{phone.device.id}")
    assert (log.status, log.provider_message_id, log.user_id) == (
        "sent",
        "provider-1",
        "governor",
    )
    assert {"kind": "agent_status", "channel": "push"} in events("notification.sent")


def test_a_push_does_not_lead_to_another(call_as, told, push, reacting):
    Phone(call_as).register()
    subject = f"notifications/{told().id}"
    event = NotificationSent(kind="agent_status", channel="push")
    push_notification(reacting(subject), event, push)
    assert push.messages == []


def test_a_device_that_is_gone_loses_its_rights(call_as, told, pushed, push, documents, events):
    phone = Phone(call_as).register()
    push.answers[phone.given["fcm_token"]] = Pushed("unregistered")
    pushed(told())
    assert not stored(call_as, Device, phone.device.id).active
    assert documents.find(PLATFORM, Query(Destination.collection)) == []
    assert events("device.revoked")[0]["reason"] == "unregistered"
    assert events("notification.failed")[0]["reason"] == "no_device"


@pytest.mark.parametrize(("kind", "failures"), [("agent_status", 1), ("announcement", 0)])
def test_what_is_urgent_and_reaches_nobody_is_said(told, pushed, events, kind, failures):
    pushed(told(kind))
    assert len(events("notification.failed")) == failures


def test_a_message_that_is_refused_is_said(call_as, told, pushed, push, events):
    phone = Phone(call_as).register()
    push.answers[phone.given["fcm_token"]] = Pushed("refused", "INVALID_ARGUMENT")
    pushed(told())
    assert events("notification.failed")[0]["reason"] == "refused"


def test_while_the_provider_is_down_it_is_tried_each_hour_for_a_day(
    call_as, told, pushed, push, reacting, dues, events
):
    Phone(call_as).register()
    push.down = True
    new = told()
    pushed(new)
    (due,) = dues()
    assert due.at == NOON + timedelta(hours=1)
    subject = f"notifications/{new.id}"
    last = PushDue(user_id="governor", attempt=pushing.GIVE_UP_AFTER)
    push_later(reacting(subject, at=60), last, push)
    assert len(dues()) == 1
    assert len(events("notification.failed")) == 2
    push.down = False
    push_later(reacting(subject, at=120), PushDue(user_id="governor", attempt=1), push)
    assert len(push.messages) == 1


NIGHT = 11 * 60  # 23:00 in UTC


def test_at_night_what_is_not_urgent_waits_for_the_morning(
    call_as, told, pushed, push, reacting, dues
):
    Phone(call_as).register()
    new = told("announcement", at=NIGHT)
    pushed(new, at=NIGHT)
    assert push.messages == []
    (due,) = dues()
    assert due.at == NOON + timedelta(hours=19)
    subject = f"notifications/{new.id}"
    push_later(reacting(subject, at=19 * 60), PushDue.model_validate(due.data), push)
    assert len(push.messages) == 1


def test_at_night_what_is_urgent_comes_through(call_as, told, pushed, push):
    Phone(call_as).register()
    for kind in ("approval_pending", "constitutional_violation", "agent_status"):
        pushed(told(kind, at=NIGHT), at=NIGHT)
    assert len(push.messages) == 3


def test_it_is_night_where_the_device_is(call_as, told, pushed, push):
    Phone(call_as, timezone="Asia/Kolkata").register()
    pushed(told("announcement", at=6 * 60), at=6 * 60)  # 18:00 UTC is 23:30 in Kolkata
    assert push.messages == []


def test_after_five_the_rest_of_a_day_is_one_message_in_the_morning(
    call_as, told, pushed, push, reacting, dues
):
    Phone(call_as).register()
    notices = [told("announcement", at=n) for n in range(8)]
    for n, one in enumerate(notices):
        pushed(one, at=n)
    assert len(push.messages) == pushing.MAX_A_DAY
    waiting = dues()
    assert {due.at for due in waiting} == {NOON + timedelta(hours=21)}
    for due in waiting:
        push_later(reacting(due.entity, at=21 * 60), PushDue.model_validate(due.data), push)
    assert len(push.messages) == pushing.MAX_A_DAY + 1
    assert push.messages[-1]["notification"]["title"] == "8 notices wait for you"


def test_what_is_urgent_does_not_count(call_as, told, pushed, push):
    Phone(call_as).register()
    for n in range(10):
        pushed(told(at=n), at=n)
    assert len(push.messages) == 10


def mute(call_as, *kinds):
    call = call_as(Role.GOVERNOR, if_match=frozenset({"*"}))
    put_notification_preferences(call, Wishes(muted=kinds))


def test_what_somebody_switched_off_is_in_the_inbox_alone(call_as, told, pushed, push):
    Phone(call_as).register()
    mute(call_as, "agent_status")
    pushed(told())
    assert push.messages == []


def test_what_was_read_is_not_pushed(call_as, told, pushed, push):
    Phone(call_as).register()
    new = told()
    read_notification(call_as(Role.GOVERNOR), new.id)
    pushed(new)
    assert push.messages == []


def test_a_message_about_an_approval_says_what_and_until_when(call_as, told, pushed, push):
    Phone(call_as).register()
    approval = asked(call_as)
    pushed(told("approval_pending", subject=f"approvals/{approval.id}"))
    (message,) = push.messages
    data = message["data"]
    assert data["approval_type"] == "execution"
    assert data["expires_at"] == written(approval.expires_at)
    assert data["deep_link"] == f"waooaw://approvals/{approval.id}"
    assert message["android"]["ttl"] == f"{4 * 3600}s"
    assert message["android"]["priority"] == "HIGH"
    assert message["android"]["collapse_key"] == f"approvals/{approval.id}"
    assert message["android"]["notification"] == {"channel_id": "approvals"}
    assert message["apns"]["headers"]["apns-priority"] == "10"
    assert message["apns"]["payload"]["aps"]["badge"] == 1
    assert all(isinstance(value, str) for value in data.values())


def destination():
    return Destination(
        id="d",
        audience="governor",
        device_id="00000000-0000-4000-8000-00000000000a",
        user_id="u",
        fcm_token="t" * 200,
        platform="ios",
        timezone="UTC",
    )


@given(
    title=st.text(min_size=1, max_size=50),
    body=st.text(min_size=1, max_size=200),
    more=st.dictionaries(st.sampled_from(["agent_name", "risk"]), st.text(max_size=900)),
)
def test_a_message_never_has_more_than_four_kilobytes(title, body, more):
    one = notice(
        "seed_auto_approval",
        tenant=PLATFORM,
        audience="governor",
        subject="approvals/a1",
        title=title,
        body=body * 20,
        at=NOON,
    )
    one = one.model_copy(update={"body": body * 20})
    made = messages.message(one, destination(), more, unread=3, at=NOON)
    fixed = made | {"notification": made["notification"] | {"body": ""}}
    size = len(json.dumps({"message": made}, ensure_ascii=False).encode())
    floor = len(json.dumps({"message": fixed}, ensure_ascii=False).encode())
    assert size <= max(messages.MAX_BYTES, floor + 3)
    assert "sound" not in made["apns"]["payload"]["aps"]


@given(
    minute=st.integers(0, 60 * 24 * 400),
    start=st.times(),
    end=st.times(),
    timezone=st.sampled_from(["UTC", "Asia/Kolkata", "Europe/Berlin", "America/St_Johns"]),
)
@settings(max_examples=examples(200))
def test_quiet_hours_end_when_they_say(minute, start, end, timezone):
    at = NOON + timedelta(minutes=minute)
    hours = QuietHours(start=f"{start:%H:%M}", end=f"{end:%H:%M}")
    until = pushing.quiet_until(hours, timezone, at)
    if until is not None:
        assert at < until <= at + timedelta(hours=26)
        there = until.astimezone(ZoneInfo(timezone))
        assert (there.hour, there.minute) == (end.hour, end.minute)


def test_a_body_that_is_too_long_is_cut_and_nothing_else():
    one = notice(
        "agent_status",
        tenant=PLATFORM,
        audience="governor",
        subject="agents/a1",
        title="Look",
        body="x",
        at=NOON,
    ).model_copy(update={"body": "ü" * 3000})
    made = messages.message(one, destination(), {"agent_name": "Writer"}, unread=1, at=NOON)
    size = len(json.dumps({"message": made}, ensure_ascii=False).encode())
    assert messages.MAX_BYTES - 2 <= size <= messages.MAX_BYTES
    assert made["notification"]["title"] == "Look"
    assert made["notification"]["body"].endswith("ü…")
    assert made["data"]["agent_name"] == "Writer"


def test_what_the_app_shows_about_an_agent_is_its_name():
    agent = Agent.model_construct(id="a1", name="Writer")
    assert AGENTS.details(agent) == {"agent_id": "a1", "agent_name": "Writer"}


def test_an_approval_without_an_agent_is_shown_without_one(call_as):
    shown = QUESTIONS.details(asked(call_as, agent_id=None))
    assert set(shown) == {"approval_id", "approval_type", "risk", "expires_at"}


@given(sent=st.integers(0, 20), hour=st.integers(0, 23))
def test_what_nobody_may_switch_off_is_always_pushed_at_once(sent, hour):
    for kind in pushing.ALWAYS_TOLD:
        one = notice(
            kind,
            tenant=PLATFORM,
            audience="governor",
            subject="violations/v1",
            title="x",
            body="y",
            at=NOON,
        )
        wishes = NotificationPreferences(
            id="u",
            tenant_id=PLATFORM,
            created_at=NOON,
            updated_at=NOON,
            governance_agent_id="governor",
            muted=(kind,),
        )
        plan = pushing.plan(
            one,
            wishes,
            PushDay(id="u", sent=sent),
            timezone="UTC",
            due=None,
            at=datetime.combine(NOON, NOON.timetz().replace(hour=hour)),
        )
        assert plan.act == "push"


def test_failures_are_announced_for_those_who_fall_back_to_mail():
    assert NotificationFailed.traits.topic == "notification-events"
    assert Notification.collection == "notifications"
    assert register_device.declared.path == "/v1/mobile/devices"
