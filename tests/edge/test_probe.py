"""A look at a release says what it saw: an answer, a bad one, silence, or nobody there."""

import pytest

from shared.edge.probe import HttpProbe
from tests.edge.provider import Reply
from tests.edge.strangers import saying
from tests.emulators import free_port

pytestmark = pytest.mark.enable_socket


def look(address):
    seen = HttpProbe(f"{address}/{{release_id}}").look("r1", timeout_s=0.3)
    return seen.saw, seen.status


@pytest.mark.parametrize(
    ("reply", "saw"),
    [
        (Reply(), ("well", 200)),
        (Reply(status=503), ("unwell", 503)),
        (Reply(status=302, headers={"Location": "/elsewhere"}), ("unwell", 302)),
        (Reply(wait_s=1.0), ("silent", None)),
        (Reply(cut=True), ("unreachable", None)),
    ],
)
def test_a_look_tells_an_answer_from_silence(provider, reply, saw):
    provider.replies = [reply]
    assert look(provider.address) == saw


@pytest.mark.parametrize(
    ("said", "saw"),
    [
        ({"parts": [b"HTTP/1.1 200 OK\r\nX: ", *[b"y"] * 90], "every_s": 0.05}, "silent"),
        ({"parts": [b"HTTP/1.1 200 OK\r\nX: y\r\n"], "ends": True}, "unreachable"),
    ],
    ids=["dripped", "cut off"],
)
def test_half_a_head_is_no_answer(said, saw):
    with saying(*said.pop("parts"), **said) as port:
        assert look(f"http://127.0.0.1:{port}") == (saw, None)


def test_nobody_there_is_not_silence():
    assert look(f"http://127.0.0.1:{free_port()}") == ("unreachable", None)
