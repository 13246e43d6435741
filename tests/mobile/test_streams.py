"""The stream of notices: each is heard by those it is for, in words that hold when it is told."""

from datetime import timedelta

import pytest

from functions.mobile.read_notification import read_notification
from functions.mobile.stream_notifications import stream_notifications
from shared.actors import PLATFORM, Actor, Role
from shared.notifications.actions.telling import tell
from shared.notifications.models import SeenNotification
from shared.notifications.rules.notices import notice
from shared.operation import Call
from shared.streams import Place
from tests.streaming import AtAFunction, AtAServer

PATH = "/v1/notifications/stream"


@pytest.fixture(params=[AtAFunction, AtAServer])
def door(request, world):
    return request.param(world)


@pytest.fixture
def told(world):
    def tell_it(audience="governor", second=0):
        at = world.now + timedelta(seconds=second)
        call = Call(
            actor=Actor(id="s", tenant=PLATFORM, roles=frozenset({Role.SERVICE})),
            now=at,
            documents=world.ports.documents,
            signer=world.ports.signer,
            tenant=PLATFORM,
            operation="tests.call",
            correlation_id="00000000-0000-4000-8000-000000000000",
        )
        new = notice(
            "agent_status",
            tenant=PLATFORM,
            audience=audience,
            subject="agents/a1",
            title="Look",
            body="At it.",
            at=at,
            occasion=f"{second}",
        )
        with call.transaction() as txn:
            tell(txn, new)
        return new

    return tell_it


def test_a_notice_is_heard_by_those_it_is_for(door, world, told):
    before = door.hear(stream_notifications, PATH)
    assert before.of("unread-notices") == [{"unread": 0}]
    told(audience="viewer", second=1)
    mine = told(second=2)
    world.now += timedelta(seconds=3)
    heard = door.hear(stream_notifications, PATH, before.last)
    (one,) = heard.events
    assert (one.name, one.id) == ("notification", str(Place(mine.created_at, mine.id)))
    seen = SeenNotification.model_validate(one.data)
    assert (seen.id, seen.title, seen.over) == (mine.id, "Look", False)
    (other,) = door.hear(stream_notifications, PATH, before.last, who="viewer").events
    assert other.data["audience"] == "viewer"


def test_a_notice_is_told_as_the_list_tells_it_and_not_again_when_it_is_read(door, world, told):
    last = door.hear(stream_notifications, PATH).last
    mine = told(second=1)
    world.now += timedelta(seconds=60)
    last = door.hear(stream_notifications, PATH, last).last
    world.call(read_notification, f"/v1/notifications/{mine.id}/read", as_="governor")
    assert door.hear(stream_notifications, PATH, last).events == []


def test_a_stream_begins_with_how_many_are_unread(door, world, told):
    told()
    heard = door.hear(stream_notifications, PATH)
    assert [one.name for one in heard.events] == ["unread-notices"]
    assert heard.of("unread-notices") == [{"unread": 1}]
