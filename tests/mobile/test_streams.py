"""Streams: what is told to somebody is heard as it is told, and after a break nothing is missing."""

import gc
import json
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import flask
import pytest
from werkzeug.test import EnvironBuilder

from local.streams import MOST_OF_ALL, MOST_OF_ONE, PATH, Streams
from shared.actors import PLATFORM, Actor, Role
from shared.errors import StoreUnavailable, Unauthenticated
from shared.notifications.actions.telling import tell
from shared.notifications.models import Notification
from shared.notifications.rules.notices import notice
from shared.operation import Call


@pytest.fixture
def streams(world):
    streams = Streams(world.ports, ping_s=0.05, life_s=5)
    world.ports.documents.on_commit(streams.take)
    return streams


@pytest.fixture
def client(streams, world):
    app = flask.Flask("tests")
    app.register_blueprint(streams.blueprint())

    def listen(account="governor", **headers):
        bearer = f"Bearer {world.sign_in.token(account, world.now)}"
        return app.test_client().get(PATH, headers={"Authorization": bearer, **headers})

    return listen


@pytest.fixture
def told(world):
    def tell_it(audience="governor", minute=0):
        at = world.now + timedelta(minutes=minute)
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
            occasion=f"{minute}",
        )
        with call.transaction() as txn:
            tell(txn, new)
        return new

    return tell_it


def heard(answer, count):
    found, text = [], ""
    for chunk in answer.response:
        text += chunk if isinstance(chunk, str) else chunk.decode()
        lines = [line for line in text.split("\n") if line.startswith('data: {"')]
        found = [json.loads(line.removeprefix("data: "))["id"] for line in lines]
        if len(found) >= count:
            break
    return found, text


def test_a_notice_is_heard_by_those_it_is_for(client, told):
    governor = client()
    told(audience="viewer")
    new = told()
    found, text = heard(governor, 1)
    assert found == [new.id]
    assert text.startswith("retry: 2000\n\n")
    assert f"id: {new.id}\nevent: notification\n" in text
    assert Notification.model_validate_json(text.split("data: ")[-1].strip()).title == "Look"


def test_while_nothing_happens_there_are_pings(client):
    for chunk in client().response:
        if b"ping" in (chunk if isinstance(chunk, bytes) else chunk.encode()):
            return


def test_after_a_break_nothing_is_missing(client, told):
    first, *missed = [told(minute=n) for n in range(3)]
    answer = client(**{"Last-Event-ID": first.id})
    assert heard(answer, 2)[0] == [one.id for one in missed]


def test_a_stranger_hears_nothing(streams, world):
    app = flask.Flask("tests")
    app.register_blueprint(streams.blueprint())
    assert app.test_client().get(PATH).status_code == 401


def test_nobody_holds_more_than_five_and_closing_frees_one(client, streams):
    held = [client() for _ in range(MOST_OF_ONE)]
    assert client().status_code == 503
    held[0].close()
    again = client()
    assert again.status_code == 200
    streams.close()
    assert b"".join(again.response) == b"retry: 2000\n\n"


def test_what_was_heard_last_is_a_notice(client, streams):
    for last in ("a/b", "a b", "../x", "1", "é"):
        answer = client(**{"Last-Event-ID": last})
        assert (answer.status_code, answer.json["code"]) == (400, "bad_request")
    assert client(**{"Last-Event-ID": "6f1c2b34-5d6e-4f70-8a91-b2c3d4e5f607"}).status_code == 200


FAILURES = {
    "the store is gone": ("get", StoreUnavailable("gone")),
    "the store fails": ("get", ValueError("defect")),
    "a query fails": ("find", RuntimeError("defect")),
    "it is stopped": ("find", KeyboardInterrupt()),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_slot_outlives_no_failure(world, told, failure):
    name, error = FAILURES[failure]
    first = told()

    def failing(*_):
        raise error

    documents = Broken(world.ports.documents, name, failing)
    streams = Streams(replace(world.ports, documents=documents))
    for _ in range(MOST_OF_ALL + 1):
        with suppress(type(error)):
            asked(streams, world, **{"Last-Event-ID": first.id})
    assert streams._listeners == []
    documents.broken = False
    assert asked(streams, world).status_code == 200


def test_a_slot_outlives_nobody_who_does_not_read(streams, world):
    app = app_of(streams)
    token = world.sign_in.token("governor", world.now)
    environ = EnvironBuilder(path=PATH, headers={"Authorization": f"Bearer {token}"}).get_environ()

    def refused(*_):
        raise OSError("the client is gone")

    for _ in range(MOST_OF_ONE + 1):
        app.test_client().head(PATH, headers={"Authorization": f"Bearer {token}"})
        with pytest.raises(OSError, match="gone"):
            app(dict(environ), refused)
    gc.collect()
    assert streams._listeners == []


def test_a_stream_ends_with_its_token(streams, world):
    now = [world.now]
    clocked = Streams(replace(world.ports, identify=until(world, now)), ping_s=0.05)
    answer = asked(clocked, world)
    chunks = iter(answer.response)
    assert next(chunks) == b"retry: 2000\n\n"
    assert b"ping" in next(chunks)
    now[0] += timedelta(hours=2)
    assert list(chunks) == []
    assert clocked._listeners == []


class Broken:
    """Documents of which one verb fails."""

    def __init__(self, documents, name, failing):
        self.documents, self.name, self.failing, self.broken = documents, name, failing, True

    def __getattr__(self, name):
        return self.failing if self.broken and name == self.name else getattr(self.documents, name)


def app_of(streams):
    app = flask.Flask("tests")
    app.register_blueprint(streams.blueprint())
    return app


def asked(streams, world, **headers):
    bearer = f"Bearer {world.sign_in.token('governor', world.now)}"
    return app_of(streams).test_client().get(PATH, headers={"Authorization": bearer, **headers})


def until(world, now):
    """Return who asks, as long as the token is good at a time that moves."""

    def identify(headers, *, revoked_within_s):
        if now[0] > world.now + timedelta(hours=1):
            raise Unauthenticated("it has ended")
        return world.ports.identify(headers, revoked_within_s=revoked_within_s)

    return identify
