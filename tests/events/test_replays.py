"""What is sent again is for one consumer, and done once, however often it is sent."""

import pytest

from functions.approvals.create_approval import create_approval
from functions.events.list_dead_letters import list_dead_letters
from functions.events.replay_dead_letter import replay_dead_letter
from shared.documents import Query
from shared.entity import written
from tests.approvals.questions import another
from tests.conftest import NOON
from tests.events.post import Post

NOTIFY = "approvals.notify_governor"
LETTERS = "/v1/events/dead-letters"


@pytest.fixture
def post(world):
    return Post(world.ports)


def ask(world):
    body = another().model_dump(mode="json", exclude_none=True)
    answer = world.call(create_approval, "/v1/approvals", body, as_="service")
    assert answer.status_code == 201, answer.data


def letters(world):
    return world.call(list_dead_letters, LETTERS, as_="admin").json["items"]


def replay(world, post):
    (letter,) = letters(world)
    path = f"{LETTERS}/{letter['id']}/replay"
    reason = {"reason": "the consumer is repaired"}
    answer = world.call(replay_dead_letter, path, reason, as_="admin")
    assert answer.status_code == 200, answer.data
    before = len(post.carried)
    post.carry()
    return [consumer for consumer, id in post.carried[before:] if id == letter["event_id"]]


def kept(world, *collections):
    found = [world.ports.documents.find(None, Query(name)) for name in collections]
    return [snapshot.data for snapshots in found for snapshot in snapshots]


def test_a_letter_is_replayed_to_its_one_consumer(world, post):
    post.failing.add(NOTIFY)
    ask(world)
    post.carry()
    assert {consumer for consumer, _ in post.carried} > {NOTIFY, "precedents.predict_approval"}
    counted = kept(world, "seed_figures", "dashboard_totals", "open_approvals")
    assert [day["eligible"] for one in counted for day in one.get("days", {}).values()] == [1]
    post.failing.clear()
    assert kept(world, "notifications") == []
    assert replay(world, post) == [NOTIFY]
    told = kept(world, "notifications")
    assert len(told) == 1
    for _ in range(3):
        assert replay(world, post) == [NOTIFY], "it comes again, and finds that it was done"
    assert kept(world, "notifications") == told
    assert kept(world, "seed_figures", "dashboard_totals", "open_approvals") == counted


def test_a_replay_that_fails_again_opens_the_same_letter_again(world, post):
    post.failing.add(NOTIFY)
    ask(world)
    post.carry()
    (first,) = letters(world)
    replay(world, post)
    (again,) = letters(world)
    assert again["id"] == first["id"]
    assert (again["status"], again["replays"]) == ("open", 1)
    assert (again["attempts"], again["error_code"]) == (0, "provider_down")
    post.failing.clear()
    replay(world, post)
    (done,) = letters(world)
    assert (done["status"], done["replays"]) == ("replayed", 2)
    assert len(kept(world, "notifications")) == 1
    story = [one["action"] for one in kept(world, "events") if "dead_letters/" in one["entity"]]
    assert sorted(story) == [*["event.dead_lettered"] * 2, *["event.replayed"] * 2]


def test_a_letter_of_an_event_that_is_too_old_is_dropped_when_it_is_replayed(world, post):
    post.failing.add(NOTIFY)
    ask(world)
    post.carry()
    world.now = NOON.replace(year=NOON.year + 1)
    post.failing.clear()
    assert replay(world, post) == []
    (letter,) = letters(world)
    assert letter["status"] == "dropped"
    assert letter["updated_at"] == written(world.now)
