"""What a command says where the server, or the sign-in behind it, does not answer: one sentence, and what to do."""

import json
import os
import socket

import pytest

from local import emulators
from local.__main__ import main
from local.emulators import GONE, SILENT, AuthEmulator
from local.entrance import FILE
from local.story import client
from shared.errors import ProviderDown
from tests.edge.provider import Reply, providing

pytestmark = pytest.mark.enable_socket

COMMANDS = [["token", "viewer"], ["code"], ["link"], ["vouch", "viewer@platform.example"]]


@pytest.fixture(autouse=True)
def _mask():
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture
def server():
    with providing() as one:
        yield one


@pytest.fixture
def said(server, tmp_path, capsys, monkeypatch):
    """Carry out a command, and return what it says of its failure."""
    monkeypatch.setenv("AUTH", "firebase")
    (tmp_path / FILE).write_text(json.dumps({"address": server.address, "secret": "s"}))

    def say(command):
        assert main([*command, "--data", str(tmp_path)]) > 0
        out, error = capsys.readouterr()
        assert out == ""
        (sentence,) = error.splitlines()
        return sentence

    return say


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("detail", [GONE, SILENT])
def test_a_sign_in_that_is_gone_or_silent_is_one_sentence(server, said, command, detail):
    server.replies = [Reply(503, {"code": "provider_down", "detail": detail})]
    assert said(command).lower().rstrip(".") == detail.lower()
    assert "start it again" in detail


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("reply", [Reply(cut=True), Reply(wait_s=0.3)])
def test_a_server_that_does_not_answer_is_one_sentence(server, said, monkeypatch, command, reply):
    monkeypatch.setattr(client, "ANSWER_S", 0.1)
    server.replies = [reply]
    assert "does not answer" in said(command)
    assert "start it again" in said(command)


def test_whoever_is_asked_gives_up_before_whoever_asks(monkeypatch):
    assert 2 * emulators.ANSWER_S < client.ANSWER_S
    monkeypatch.setattr(emulators, "ANSWER_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        emulator = AuthEmulator(str(silent.getsockname()[1]), "demo-tests")
        with pytest.raises(ProviderDown, match="start it again"):
            emulator.ask("/")
