"""How a container ends: whoever has sent a request is answered, nobody is taken then, and it takes no longer than it may."""

import signal
import time

import pytest

from tests.edge.contained import HOST, alone, end, told

__all__ = ["alone"]

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]


def test_what_is_under_way_is_finished_and_nobody_is_taken_when_the_container_ends(alone):
    one = alone()
    with one.open() as client, one.open() as half:
        half.sendall(b"POST /half HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe")
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        time.sleep(0.15)
        end(one)
        time.sleep(0.15)
        with pytest.raises(ConnectionRefusedError):
            one.open()
        half.sendall(b"llo")
        answer = b"".join(iter(lambda: client.recv(65536), b""))
        second = b"".join(iter(lambda: half.recv(65536), b""))
    assert told(answer)[1] == "/slow"
    assert told(second)[-1] == "hello"
    assert one.process.wait(5) == 0


def test_an_answer_is_read_to_its_end_also_when_the_container_ends(alone):
    one = alone()
    with one.open() as client:
        client.sendall(b"GET /large HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        client.recv(1)
        end(one)
        time.sleep(0.2)
        read = sum(map(len, iter(lambda: client.recv(65536), b"")))
    assert read > 8_000_000
    assert one.process.wait(5) == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_container_that_waits_ends_at_once(alone, how):
    one = alone()
    with one.open() as client:
        # It may ask again, and does not.
        client.sendall(b"GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n")
        client.recv(65536)
        began = end(one, how)
        assert one.process.wait(5) == 0
    assert time.monotonic() - began < 1
    assert one.process.stderr.read() == ""


def test_a_container_ends_in_time_whatever_stands_still(alone):
    one = alone()
    with one.open() as client:
        client.sendall(b"GET /stuck HTTP/1.1\r\nHost: h\r\n\r\n")
        time.sleep(0.2)
        began = end(one)
        assert one.process.wait(5) == 0
    assert 1 < time.monotonic() - began < 3


@pytest.mark.parametrize("path", ["/stuck", "/parts/stuck"])
def test_what_stands_still_is_ended_and_says_where_it_stood(alone, path):
    one = alone(most_s=0.5)
    assert one.ask(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode()) == b""
    assert one.process.wait(5) == 1
    assert 'File "<string>", line' in one.process.stderr.read()


def test_the_time_of_one_request_is_not_the_next_ones(alone):
    one = alone(most_s=0.5)
    for _ in range(4):
        assert told(one.ask(b"GET /slow HTTP/1.1\r\nHost: h\r\n\r\n"))[1] == "/slow"
    assert one.process.poll() is None


def stood_still(one, clients, sent):
    """Have a container stand still while its clients send, and be told to end before it goes on."""
    one.process.send_signal(signal.SIGSTOP)
    time.sleep(0.05)
    for client in clients or [one.open() for _ in range(10)]:
        client.sendall(sent)
        yield client
    end(one)
    one.process.send_signal(signal.SIGCONT)


def whole(client):
    with client:
        return b"".join(iter(lambda: client.recv(65536), b""))


def test_whoever_waits_to_be_taken_is_answered_when_the_container_ends(alone):
    one = alone()
    waiting = list(stood_still(one, [], HOST + b"\r\n"))
    answers = [whole(client) for client in waiting]
    assert [told(answer)[0] for answer in answers] == ["GET"] * 10
    assert all(b"\r\nConnection: close\r\n" in answer for answer in answers)
    assert one.process.wait(5) == 0


def test_what_a_taken_client_sends_before_the_end_is_answered(alone):
    one = alone()
    kept, new = one.open(), one.open()
    kept.sendall(HOST + b"\r\n")
    assert kept.recv(65536).startswith(b"HTTP/1.1 200 OK")
    asked = list(stood_still(one, [kept, new], HOST + b"\r\n" + HOST + b"X-Last: a\r\n\r\n"))
    for client in asked:
        assert whole(client).count(b"HTTP/1.1 200 OK") == 2
    assert one.process.wait(5) == 0


def test_who_is_answered_while_the_container_ends_and_had_sent_more_is_answered_again(alone):
    one = alone()
    with one.open() as client:
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
        time.sleep(0.15)
        client.sendall(b"GET /second HTTP/1.1\r\nHost: h\r\n\r\n")
        end(one)
        answers = whole(client)
    assert answers.count(b"HTTP/1.1 200 OK") == 2 and b"'/second'" in answers
    assert answers.count(b"Connection: close") == 1
    assert one.process.wait(5) == 0
