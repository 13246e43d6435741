"""Streams: what is told to somebody is heard as it is told, and after a break nothing is missing."""

import json
from datetime import timedelta

import flask
import pytest

from local.streams import MOST_OF_ONE, PATH, Streams
from shared.identity import PLATFORM, Actor, Role
from shared.mobile.models import Notification
from shared.mobile.notices import notice, tell
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
            correlation_id="",
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
