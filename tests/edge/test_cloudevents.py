"""What is told to a reaction is an event or is refused: as the framework says, whose own answers stand beside ours."""

import base64
import json
from io import BytesIO

import flask
import functions_framework
import pytest

from shared.edge import start
from shared.edge.start import application

JSON = {"Content-Type": "application/json"}
EVENT = {"ce-specversion": "1.0", "ce-type": "t", "ce-source": "/s", "ce-id": "1"}
TOLD = {"specversion": "1.0", "type": "t", "source": "/s", "id": "1", "data": {"a": "b"}}
MESSAGE = {"data": base64.b64encode(b"a").decode(), "messageId": "1", "attributes": {}}


def pushed(message):
    return {"message": message, "subscription": "projects/p/subscriptions/s"}


PUSH = pushed(MESSAGE)


def without(event, name):
    return {one: said for one, said in event.items() if one != name}


CASES = {
    "of the scheduler": ("POST", EVENT | JSON, b"{}", 200),
    "without a body": ("POST", EVENT | JSON, b"", 200),
    "with a body of another kind": (
        "POST",
        {**EVENT, "Content-Type": "application/protobuf"},
        b"\n\5",
        200,
    ),
    "with a list": ("POST", EVENT | JSON, b"[1]", 200),
    "of an older version": ("POST", EVENT | JSON | {"ce-specversion": "0.3"}, b"{}", 200),
    "whole": (
        "POST",
        {"Content-Type": "application/cloudevents+json"},
        json.dumps(TOLD).encode(),
        200,
    ),
    "whole, of bytes": (
        "POST",
        {"Content-Type": "application/cloudevents+json"},
        json.dumps(without(TOLD, "data") | {"data_base64": "eyJhIjogImIifQ=="}).encode(),
        200,
    ),
    "a push": ("POST", JSON, json.dumps(PUSH).encode(), 200),
    "read": ("GET", EVENT | JSON, b"", 405),
    "read by its head": ("HEAD", EVENT | JSON, b"", 405),
    "put": ("PUT", EVENT | JSON, b"{}", 405),
    "deleted": ("DELETE", EVENT | JSON, b"{}", 405),
    "patched": ("PATCH", EVENT | JSON, b"{}", 405),
    "asked about": ("OPTIONS", {}, b"", 405),
    "nothing": ("POST", {}, b"", 415),
    "a form": ("POST", {"Content-Type": "application/x-www-form-urlencoded"}, b"a=b", 415),
    "a text": ("POST", {"Content-Type": "text/plain"}, b"a", 415),
    "an empty object": ("POST", JSON, b"{}", 400),
    "no JSON": ("POST", JSON, b"{", 400),
    **{
        f"a push without {name}": (
            "POST",
            JSON,
            json.dumps(pushed(without(MESSAGE, name))).encode(),
            400,
        )
        for name in ("data", "messageId")
    },
    "a push of nothing": ("POST", JSON, json.dumps(pushed({})).encode(), 400),
    "null": ("POST", JSON, b"null", 400),
    "of another version": ("POST", EVENT | JSON | {"ce-specversion": "9.9"}, b"{}", 400),
    "whole, of another version": (
        "POST",
        {"Content-Type": "application/cloudevents+json"},
        json.dumps(TOLD | {"specversion": "9.9"}).encode(),
        400,
    ),
    **{f"without {name}": ("POST", without(EVENT, name) | JSON, b"{}", 400) for name in EVENT},
}


@pytest.fixture
def ours(monkeypatch):
    taken = []
    monkeypatch.setattr(start, "listener", lambda *_: taken.append)
    return application("platform.probe_services"), taken


def asked(app, method, headers, body):
    """Ask over WSGI, and return the status and the headers."""
    environ = {f"HTTP_{name.upper().replace('-', '_')}": said for name, said in headers.items()}
    environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE", "")
    environ |= {"REQUEST_METHOD": method, "PATH_INFO": "/", "SERVER_NAME": "h", "SERVER_PORT": "80"}
    environ |= {"CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)}
    environ |= {"wsgi.url_scheme": "http", "wsgi.errors": BytesIO()}
    found = []
    parts = app(environ, lambda status, said, *_: found.append((int(status[:3]), dict(said))))
    list(parts)
    return found[0]


@pytest.mark.parametrize("name", CASES)
def test_only_an_event_is_taken(ours, name):
    app, taken = ours
    method, headers, body, status = CASES[name]
    answered, said = asked(app, method, headers, body)
    assert answered == status
    assert len(taken) == (status == 200)
    if status == 405:
        assert said["Allow"] == "POST"


@pytest.mark.parametrize("name", CASES)
def test_it_is_answered_as_the_framework_does(name):
    method, headers, body, status = CASES[name]
    app = flask.Flask("stock")
    functions_framework._configure_app(app, lambda event: None, "cloudevent")
    assert asked(app.wsgi_app, method, headers, body)[0] == status


def test_what_an_event_says_is_read_wherever_it_stands(ours):
    app, taken = ours
    for name in ("whole", "whole, of bytes", "of the scheduler", "a push"):
        asked(app, *CASES[name][:3])
    attributes = without(TOLD, "data")
    assert [dict(one) for one in taken] == [
        attributes,
        attributes,
        {name[3:]: said for name, said in EVENT.items()},
        {},
    ]
    assert [one.data for one in taken] == [{"a": "b"}, {"a": "b"}, {}, PUSH]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" * 100_000, 400),
        (b"[1]", 400),
        (b'{"message": 1, "subscription": "s"}', 400),
        (b'{"message": {}}', 400),
        (json.dumps(without(TOLD, "id")).encode(), 400),
        (json.dumps(TOLD | {"id": 1}).encode(), 400),
        *(
            (json.dumps(without(TOLD, "data") | {"data_base64": said}).encode(), 400)
            for said in (1, None, "=", "ä", ["YQ=="])
        ),
        (json.dumps(TOLD | {"data_base64": "YQ=="}).encode(), 400),
        (json.dumps(PUSH | {"subscription": None}).encode(), 400),
        (json.dumps(pushed(MESSAGE | {"data": None})).encode(), 400),
    ],
)
def test_what_the_framework_fails_of_is_refused(ours, body, status):
    app, taken = ours
    assert asked(app, "POST", JSON, body)[0] == status
    assert not taken
