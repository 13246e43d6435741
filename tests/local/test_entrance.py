"""A token goes to whoever can read the data folder, and to nobody for merely reaching the port."""

import html
import json
import re
import stat

import flask
import pytest

from local import entrance
from local.entrance import Entrance, served
from local.server import _refused
from shared.errors import Refusal


class _Clock:
    def __init__(self, now):
        self.now = lambda: now


@pytest.fixture
def door(world, tmp_path):
    return Entrance(tmp_path, "http://127.0.0.1:1", world.sign_in, _Clock(world.now))


@pytest.fixture
def client(door):
    app = flask.Flask("tests")
    app.register_blueprint(door.blueprint())
    app.register_error_handler(Refusal, _refused)
    return app.test_client()


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"secret": ""},
        {"secret": "guess"},
        {"secret": None},
        {"secret": ["x"]},
        {"secret": "\ud800"},
    ],
)
@pytest.mark.parametrize("path", ["/local/sign-in", "/local/links"])
def test_who_merely_reaches_the_port_gets_nothing(client, path, more):
    answer = client.post(path, json={"account": "governor", **more})
    assert answer.status_code == 401
    assert answer.json["code"] == "unauthenticated"
    assert "served.json" in answer.json["detail"]


def test_a_secret_is_read_whatever_the_type_of_the_body_says(client, door):
    told = json.dumps({"secret": door.served.secret})
    kind = "application/x-www-form-urlencoded"
    assert client.post("/local/links", data=told, content_type=kind).json["link"]


def test_who_reads_the_folder_is_signed_in(client, door, world, tmp_path):
    assert served(tmp_path) is None
    door.open()
    now = served(tmp_path)
    assert stat.S_IMODE((tmp_path / "served.json").stat().st_mode) == 0o600
    answer = client.post("/local/sign-in", json={"account": "governor", "secret": now.secret})
    actor = world.ports.identify(
        {"Authorization": f"Bearer {answer.json['token']}"}, revoked_within_s=60
    )
    assert actor.id == "governor.platform"
    wrong = client.post("/local/sign-in", json={"account": "emperor", "secret": now.secret})
    assert wrong.status_code == 422
    door.close()
    assert served(tmp_path) is None


def test_a_link_opens_once(client, door, world, tmp_path):
    link = client.post("/local/links", json={"secret": door.served.secret}).json["link"]
    path = link.removeprefix(door.served.address)
    page = client.get(path)
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    tokens = re.findall(r"export TOKEN=(\S+)</pre>", page.text)
    found = {
        world.ports.identify({"Authorization": f"Bearer {t}"}, revoked_within_s=60).id
        for t in tokens
    }
    assert {"governor.platform", "customer_admin.acme", "service:service"} <= found
    command = html.unescape(page.text)
    assert f"DATA={tmp_path} .venv/bin/python -m local token governor" in command
    again = client.get(path)
    assert (again.status_code, again.json["code"]) == (410, "expired")


def test_a_link_does_not_open_for_long(client, door, monkeypatch):
    path = door.link().removeprefix(door.served.address)
    began = entrance.time.monotonic()
    monkeypatch.setattr(entrance.time, "monotonic", lambda: began + entrance.LINK_S + 1)
    assert client.get(path).status_code == 410
    assert client.get("/local/enter").status_code == 410


def test_a_server_that_was_killed_is_followed_by_one_with_the_same_secret(door, world, tmp_path):
    door.open()
    after = Entrance(tmp_path, "http://127.0.0.1:2", world.sign_in, _Clock(world.now))
    assert after.served.secret == door.served.secret
