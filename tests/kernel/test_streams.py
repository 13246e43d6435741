"""Streams: whoever is cut off anywhere, and comes back, hears everything since; wherever they listen."""

import json
import threading
import time
from datetime import timedelta

import pytest

from functions.identity.log_out import log_out
from local.connections import UNSENT
from local.streams import MOST_OF_ALL, MOST_OF_ONE
from shared.actors import Scope
from shared.documents import Key, Write
from shared.edge.openapi import openapi
from shared.edge.serving import view
from shared.edge.web import Request
from shared.entity import Value
from shared.operation import Call
from shared.streams import MOST, REPLAYED, SETTLED, LastEventId, Place, Stream, listen, place
from tests.kernel.things import Thing, make_thing, resize_thing
from tests.streaming import AtAFunction, AtAServer, Heard, blocks, close
from tests.worlds import declared

PATH = "/v1/things/stream"


class BigThings(Value):
    count: int
    """How many there are."""


@declared("GET", PATH, scopes={Scope.ACCOUNT}, audited=False)
def stream_things(call: Call, after: LastEventId) -> Stream[Thing | BigThings]:
    """Tell of small things."""
    with call.transaction() as txn:
        found = listen(txn, Thing, after, at=call.now, order="updated_at", size=7)
        big = txn.loosely("a test")
        return found.beginning(lambda: BigThings(count=big.count(Thing, size=99)))


@pytest.fixture(params=[AtAFunction, AtAServer])
def door(request, world):
    return request.param(world)


@pytest.fixture
def server(world):
    return AtAServer(world)


def made(world, size=7, after_ms=0, **given):
    """Make a thing so long after noon, or as of then."""
    before, world.now = world.now, world.now + timedelta(milliseconds=after_ms)
    answer = world.call(make_thing, "/v1/things", {"size": size}, as_=given.get("as_", "admin"))
    world.now = before
    assert answer.status_code == 201, answer.data
    return answer.json["id"]


def laid(world, count, tenant="platform", since_ms=0):
    """Lay many things at once, a millisecond after each other."""
    id = made(world, size=1)
    like = world.ports.documents.get(Key("platform", "things", id)).data
    at = [Place(world.now + timedelta(milliseconds=since_ms + n)) for n in range(count)]
    ids = [f"00000000-0000-4000-8000-{n:012}" for n in range(count)]
    rows = [
        like | {"id": id, "updated_at": str(one)[1:], "size": 7}
        for id, one in zip(ids, at, strict=True)
    ]
    for start in range(0, count, 100):
        part = rows[start : start + 100]
        world.ports.documents.commit([Write(Key(tenant, "things", r["id"]), r) for r in part])
    return ids


def ids(heard):
    return [thing["id"] for thing in heard.of("thing")]


def opened(door, world, **environ):
    """Open an answer of the Governor's to a request that is a little different."""
    asked = door.asked(stream_things, PATH, None, "governor").environ | environ
    request = Request({name: said for name, said in asked.items() if said is not None})
    return door.hold(view(stream_things.declared, lambda: world.ports)(request), request)


def later(world, **by):
    world.now += timedelta(**by)


def test_a_stream_begins_at_the_present_with_a_summary(door, world):
    made(world)
    made(world, size=99)
    heard = door.hear(stream_things, PATH)
    assert heard.of("big-things") == [{"count": 1}]
    assert ids(heard) == []
    assert heard.last == str(Place(world.now))
    new = made(world, after_ms=1)
    made(world, size=8, after_ms=1)
    later(world, seconds=1)
    heard = door.hear(stream_things, PATH, heard.last)
    assert new in ids(heard)
    assert heard.of("big-things") == []


def test_a_function_says_when_to_come_back_and_a_server_holds_on(world, server):
    ended = AtAFunction(world).hear(stream_things, PATH)
    assert (ended.retry, ended.text.count("event: ping")) == (5000, 1)
    assert server.hear(stream_things, PATH).retry == 2000


def test_nobody_misses_anything_wherever_they_are_cut_off(door, world):
    first = door.hear(stream_things, PATH).last
    told = [made(world, after_ms=10 * n) for n in range(1, 7)]
    later(world, seconds=1)
    for cut in range(len(told)):
        heard, last = [], first
        for most in (cut, 1, 2, 100):
            part = door.hear(stream_things, PATH, last, most=most)
            heard, last = heard + ids(part), part.last
        assert set(heard) == set(told), cut
    assert list(dict.fromkeys(heard)) == told


def test_a_position_goes_on_where_nothing_happened(door, world):
    last = door.hear(stream_things, PATH).last
    for _ in range(3):
        later(world, seconds=5)
        last = door.hear(stream_things, PATH, last).last
    assert last == str(Place(world.now))
    new = made(world, after_ms=1)
    later(world, seconds=1)
    assert ids(door.hear(stream_things, PATH, last)) == [new]


def test_two_in_one_instant_are_both_told(door, world):
    last = door.hear(stream_things, PATH).last
    both = {made(world, after_ms=1) for _ in range(2)}
    later(world, seconds=1)
    first = door.hear(stream_things, PATH, last, most=1)
    assert set(ids(first) + ids(door.hear(stream_things, PATH, first.last))) == both


def test_what_is_committed_late_is_told_and_whoever_was_earlier_is_told_once_more(door, world):
    last = door.hear(stream_things, PATH).last
    late = SETTLED - timedelta(milliseconds=1)
    quick = made(world, after_ms=late / timedelta(milliseconds=1))
    later(world, seconds=SETTLED.total_seconds())
    heard = door.hear(stream_things, PATH, last)
    assert ids(heard) == [quick]
    slow = made(world, after_ms=-1000 * SETTLED.total_seconds() + 1)
    again = door.hear(stream_things, PATH, heard.last)
    assert ids(again) == [slow, quick]
    later(world, seconds=2 * SETTLED.total_seconds())
    last = door.hear(stream_things, PATH, again.last).last
    assert ids(door.hear(stream_things, PATH, last)) == []


def test_what_changes_again_is_told_again_under_another_id(door, world):
    last = door.hear(stream_things, PATH).last
    id = made(world, after_ms=1)
    later(world, seconds=1)
    first = door.hear(stream_things, PATH, last)
    later(world, seconds=60)
    world.call(resize_thing, f"/v1/things/{id}/resize", {"size": 7}, as_="admin")
    second = door.hear(stream_things, PATH, first.last)
    assert ids(first) == ids(second) == [id]
    assert first.events[0].id != second.events[0].id


UNKNOWN = ["", "6f1c2b34-5d6e-4f70-8a91-b2c3d4e5f607", "x@y", "@", "@2026-01-01", "1:2@3"]


@pytest.mark.parametrize("last", [*UNKNOWN, "too old", "from the future"])
def test_what_nobody_knows_begins_at_the_present_with_a_summary(door, world, last):
    made(world, after_ms=-1)
    odd = {
        "too old": str(Place(world.now - REPLAYED - timedelta(seconds=1))),
        "from the future": str(Place(world.now + timedelta(minutes=1))),
    }
    heard = door.hear(stream_things, PATH, odd.get(last, last))
    assert [one.name for one in heard.events] == ["big-things"]
    assert heard.last == str(Place(world.now))


def test_an_id_that_is_no_text_of_a_program_is_refused(door):
    for last in ("a b", "é", "x" * 5000):
        with door.opened(stream_things, PATH, last) as answer:
            assert (answer.status_code, json.loads(answer.data)["code"]) == (400, "bad_request")


def test_anothers_id_tells_nothing_of_theirs(door, world):
    theirs = made(world, after_ms=1)
    later(world, seconds=1)
    last = str(Place(world.now - timedelta(minutes=1), theirs))
    heard = door.hear(stream_things, PATH, last, who="customer_admin@acme")
    assert heard.events == []
    assert theirs not in heard.text


def test_of_many_that_wait_five_hundred_are_told_at_once(door, world):
    last = door.hear(stream_things, PATH).last
    waiting = laid(world, MOST + 20, since_ms=1)
    later(world, seconds=1)
    with door.opened(stream_things, PATH, last) as answer:
        heard = Heard()
        for block in blocks(answer):
            heard.read(block)
    assert (len(heard.events), heard.retry) == (MOST, 5000)
    assert heard.last == heard.events[-1].id
    rest = door.hear(stream_things, PATH, heard.last)
    assert ids(heard) + [id for id in ids(rest) if id not in ids(heard)] == waiting


def test_even_of_those_of_a_moment_nobody_stands_still(door, world):
    last = door.hear(stream_things, PATH).last
    waiting, heard = set(laid(world, 2 * MOST + 20, since_ms=1)), set()
    later(world, seconds=2)
    for _ in range(3):
        with door.opened(stream_things, PATH, last) as answer:
            part = Heard(last=last)
            for block in blocks(answer):
                if part.read(block):
                    break
        heard, last = heard | set(ids(part)), part.last
    assert heard == waiting


def test_a_stranger_hears_nothing(door, world):
    assert opened(door, world, HTTP_AUTHORIZATION=None).status_code == 401


def test_pages_elsewhere_may_read_it(door, world):
    answer = opened(door, world, HTTP_ORIGIN="https://app.example")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-store"
    close(answer)


# --- what a server holds open ------------------------------------------------------------------


def test_what_is_committed_is_told_at_once(world):
    server = AtAServer(world, ping_s=30)
    with server.opened(stream_things, PATH) as answer:
        told, heard = blocks(answer), Heard()
        while not heard.read(next(told)):
            pass
        began = time.monotonic()
        threading.Timer(0.1, lambda: made(world, after_ms=1)).start()
        while not ids(heard):
            heard.read(next(told))
    assert time.monotonic() - began < 10


def test_in_one_answer_nothing_is_told_twice(world, server):
    with server.opened(stream_things, PATH) as answer:
        told, heard = blocks(answer), Heard()
        for n in range(3):
            made(world, after_ms=n)
            later(world, milliseconds=5)
            while len(ids(heard)) < n + 1:
                heard.read(next(told))
        pings = 0
        while pings < 3:
            pings += heard.read(next(told))
    assert len(ids(heard)) == 3


def test_what_was_named_is_not_told_again(world, server):
    told = made(world)
    with server.opened(stream_things, PATH, str(Place(world.now, told))) as answer:
        heard, pings = Heard(), 0
        for block in blocks(answer):
            pings += heard.read(block)
            if pings == 3:
                break
    assert ids(heard) == []


def test_while_nothing_happens_there_are_pings_that_say_where_it_is(world, server):
    with server.opened(stream_things, PATH) as answer:
        heard, pings = Heard(), 0
        for block in blocks(answer):
            later(world, seconds=1)
            pings += heard.read(block)
            if pings == 3:
                break
    assert place(heard.last).at > place("@2026-01-01T12:00:00.000Z").at


def test_an_answer_ends_after_its_time_and_goes_on_in_the_next(world):
    server = AtAServer(world, life_s=0.1)
    with server.opened(stream_things, PATH) as answer:
        text = "".join(blocks(answer))
    assert text.endswith(": connect again\n\n")


def test_whoever_has_five_open_is_answered_as_by_a_function(world, server):
    held = [opened(server, world) for _ in range(MOST_OF_ONE)]
    sixth = Heard()
    for block in blocks(opened(server, world)):
        sixth.read(block)
    assert (sixth.retry, sixth.of("big-things")) == (5000, [{"count": 0}])
    assert server.hear(stream_things, PATH, who="viewer").retry == 2000
    close(held.pop())
    assert server.hear(stream_things, PATH).retry == 2000
    assert MOST_OF_ALL > MOST_OF_ONE
    for one in held:
        close(one)


def test_a_server_that_stops_ends_its_streams_in_order(world):
    server = AtAServer(world, ping_s=30, life_s=60)
    with server.opened(stream_things, PATH) as answer:
        told = blocks(answer)
        while not Heard().read(next(told)):
            pass
        threading.Timer(0.1, server.streams.close).start()
        assert list(told)[-1] == ": connect again\n\n"
    assert server.hear(stream_things, PATH).retry == 5000


@pytest.mark.parametrize("how", ["expired", "ended", "withdrawn"])
def test_a_stream_ends_with_its_token_before_the_next_event(world, server, how):
    last = server.hear(stream_things, PATH).last
    waiting = [made(world, after_ms=n) for n in range(1, 4)]
    later(world, seconds=1)
    with server.opened(stream_things, PATH, last) as answer:
        told, heard = blocks(answer), Heard()
        while not ids(heard):
            heard.read(next(told))
        taken(world, how)
        assert list(told) == []
    assert ids(heard) == waiting[:1]
    assert server.streams._listeners == []


def taken(world, how):
    """Take from the Governor what they listen with."""
    if how == "expired":
        later(world, hours=2)
        return
    identify = world.ports.identify

    def without(headers, *, revoked_within_s):
        actor = identify(headers, revoked_within_s=revoked_within_s)
        return actor.model_copy(update={"roles": frozenset()})

    if how == "withdrawn":
        world.ports.identify = without
        return
    world.call(log_out, "/v1/auth/logout", as_="governor")
    identify.__self__._known.clear()


def test_whoever_reads_nothing_is_let_go_and_nothing_waits_in_memory(world):
    server = AtAServer(world, ping_s=0.001)
    answer = opened(server, world, **{UNSENT: lambda: 1})
    heard = Heard()
    for n, block in enumerate(blocks(answer), 1):
        heard.read(block)
        if n % 50 == 1 and n < 1500:
            laid(world, n % 97 + 60, since_ms=n)
            later(world, milliseconds=200)
    assert heard.retry == 5000
    assert len(heard.events) < 2 * MOST
    assert server.streams._listeners == []


def test_a_head_holds_nothing(world, server):
    assert opened(server, world, REQUEST_METHOD="HEAD").status_code == 200
    assert server.streams._listeners == []


def test_the_description_says_every_event():
    content = openapi()["paths"]["/v1/notifications/stream"]["get"]["responses"]["200"]["content"]
    assert list(content) == ["text/event-stream"]
    kinds = content["text/event-stream"]["schema"]["contentSchema"]["items"]["oneOf"]
    told = [one["properties"]["event"]["const"] for one in kinds]
    assert told == ["notification", "unread-notices", "ping"]
