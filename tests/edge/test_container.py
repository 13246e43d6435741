"""What a container answers: one request at a time, each whole, and nothing that is none; over sockets, by waitress."""

import json
import time

import pytest

from tests.edge.contained import CLOSE, HOST, alone, served, told

__all__ = ["alone", "served"]

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]


def test_a_request_is_told_as_it_was_sent(served):
    asked = (
        b"GET /a%20b/%C3%A9?x=1&x=2&y=%C3%A9&z= HTTP/1.1\r\nHost: h\r\nX-One: a\r\nx-one: b\r\n\r\n"
    )
    method, path, query, headers, body = told(served.ask(asked))
    assert (method, path, body) == ("GET", "/a b/é", "")
    assert query == {"x": ["1", "2"], "y": ["é"], "z": [""]}
    assert headers == [("Host", "h"), ("X-One", "a, b")]


@pytest.mark.parametrize(
    "pieces",
    [
        [b"Content-Length: 5\r\n\r\nhello"],
        [b"Content-Length: 5\r\n\r\nhe", b"llo"],
        [b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\n\r\n"],
        [b"Transfer-Encoding: chunked\r\n\r\n2\r\nh", b"e\r\n3\r", b"\nllo\r\n0\r\nX: y\r\n\r\n"],
    ],
)
def test_a_body_comes_with_its_length_or_in_chunks(served, pieces):
    head = b"POST / HTTP/1.1\r\nHost: h\r\n"
    assert told(served.ask(head + pieces[0], *pieces[1:]))[-1] == "hello"


WAITING = b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: "


def test_who_waits_to_be_told_to_go_on_is_told(served):
    answer = served.ask(WAITING + b"2\r\n\r\n", b"hi")
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert told(answer.partition(b"\r\n\r\n")[2])[-1] == "hi"


@pytest.mark.parametrize(("length", "status"), [(b"33554433", b"413"), (b"x", b"400")])
def test_who_is_refused_already_is_not_told_to_go_on(served, length, status):
    answer = served.ask(WAITING + length + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 " + status)


def test_a_body_may_be_as_long_as_cloud_run_takes_one(served):
    length = 32 * 1024 * 1024
    head = b"POST /unread HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % length
    assert served.ask(head + b"x" * length).endswith(b"enough")


@pytest.mark.parametrize("path", [b"/", b"/parts"])
def test_a_head_is_asked_for_alone(served, path):
    answer = served.ask(b"HEAD " + path + b" HTTP/1.1\r\nHost: h\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\n") and answer.count(b"\r\n\r\n") == 1


@pytest.mark.parametrize(("path", "status"), [(b"/nothing", b"204"), (b"/same", b"304")])
def test_an_answer_of_no_body_has_none_and_no_length(served, path, status):
    answer = served.ask(b"GET " + path + b" HTTP/1.1\r\nHost: h\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert answer.endswith(b"\r\n\r\n")
    assert b"Content-Length" not in answer and b"Transfer-Encoding" not in answer


def test_each_part_goes_as_it_comes(served):
    with served.open() as client:
        client.sendall(b"GET /parts HTTP/1.1\r\nHost: h\r\n\r\n")
        answer = b""
        while not answer.endswith(b"\r\na\r\n"):
            answer += client.recv(65536)
        came = time.monotonic()
        assert b"b" not in answer.partition(b"\r\n\r\n")[2]
        rest = b""
        while not rest.endswith(b"0\r\n\r\n"):
            rest += client.recv(65536)
    assert time.monotonic() - came > 0.2
    assert rest == b"1\r\nb\r\n0\r\n\r\n"


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
@pytest.mark.parametrize("path", [b"/nothing", b"/same", b"/parts"])
def test_what_says_no_length_closes_nothing(served, method, path):
    """Also what was sent already is answered."""
    with served.open() as client:
        ask = b"%s %s HTTP/1.1\r\nHost: h\r\n%s\r\n"
        client.sendall(ask % (method, path, b"") + ask % (b"GET", b"/next", CLOSE))
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    first, second = answer.split(b"HTTP/1.1 ")[1:]
    assert b"Connection" not in first
    assert told(b"HTTP/1.1 " + second)[1] == "/next"


def test_what_says_no_length_closes_where_that_is_asked_or_older(served):
    for sent in (
        b"GET /nothing HTTP/1.1\r\nHost: h\r\nConnection: close, x\r\n\r\n",
        b"GET /parts HTTP/1.0\r\n\r\n",
    ):
        with served.open() as client:
            client.sendall(sent)
            answer = b"".join(iter(lambda: client.recv(65536), b""))
        assert b"Connection: close\r\n" in answer


def test_a_client_that_does_not_read_is_waited_for_as_long_as_a_request_may_take(alone):
    served = alone(most_s=0.5)
    with served.open() as deaf:
        deaf.sendall(b"GET /endless HTTP/1.1\r\nHost: h\r\n\r\n")
        deaf.recv(1)
        assert told(served.ask(HOST + b"\r\n"))[0] == "GET"
        time.sleep(0.8)
        assert told(served.ask(HOST + b"\r\n"))[0] == "GET"
    assert served.process.poll() is None


def test_who_goes_on_asking_is_answered_on_the_same_connection(served):
    with served.open() as client:
        for path in (b"/1", b"/2"):
            client.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: h\r\n\r\n")
            answer = b""
            while not answer.endswith(b"]"):
                answer += client.recv(65536)
            assert told(answer)[1].encode() == path


def test_an_answer_says_not_who_serves(served):
    answer = served.ask(HOST + b"\r\n")
    assert b"\r\nServer:" not in answer and b"aitress" not in answer


def test_of_what_is_forwarded_nothing_is_taken_but_the_token(served):
    sent = HOST + b"X-Forwarded-Authorization: Bearer a\r\nX-Forwarded-For: 1.2.3.4\r\n"
    sent += b"X-Forwarded-Host: other\r\nX-Forwarded-Proto: https\r\nForwarded: host=other\r\n\r\n"
    headers = told(served.ask(sent))[3]
    assert headers == [("Host", "h"), ("X-Forwarded-Authorization", "Bearer a")]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET http://[ HTTP/1.1\r\n\r\n", 400),
        (HOST + b"A : b\r\n\r\n", 400),
        (HOST + b"A: b\rc\r\n\r\n", 400),
        ((HOST + b"A: ").ljust(64 * 1024 - len(CLOSE), b"b"), 431),
        (HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        (HOST + b"Content-Length: -1\r\n\r\n", 400),
        (HOST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
        (HOST + b"Content-Length: 33554433\r\n\r\n", 413),
        (HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        (HOST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", 400),
    ],
)
def test_what_is_no_request_is_refused_and_the_next_is_served(served, sent, status):
    assert served.ask(sent).split()[1] == str(status).encode()
    assert told(served.ask(HOST + b"\r\n"))[0] == "GET"


def test_a_header_with_an_underscore_is_nobodys(served):
    sent = b"GET / HTTP/1.1\r\nHost: h\r\nX_Tenant_ID: other\r\nContent_Length: 5\r\n\r\n"
    assert told(served.ask(sent))[3] == [("Host", "h")]


def test_a_failure_tells_nothing_of_itself(served):
    answer = served.ask(b"GET /fails HTTP/1.1\r\nHost: h\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"secret" not in answer


def test_no_header_of_an_answer_begins_another(served):
    answer = served.ask(b"GET /split HTTP/1.1\r\nHost: h\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"Set-Cookie" not in answer


def test_who_says_nothing_or_half_or_does_not_read_holds_nobody_up(served):
    with served.open(), served.open() as half, served.open() as deaf:
        half.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe")
        deaf.sendall(b"GET /large HTTP/1.1\r\nHost: h\r\n\r\n")
        assert told(served.ask(HOST + b"\r\n"))[0] == "GET"


def test_who_goes_in_the_middle_of_an_answer_is_let_go(served):
    with served.open() as client:
        client.sendall(b"GET /endless HTTP/1.1\r\nHost: h\r\n\r\n")
        client.recv(1)
    assert told(served.ask(HOST + b"\r\n"))[0] == "GET"


def test_who_says_nothing_keeps_nobody_out(served):
    silent = [served.open() for _ in range(520)]
    try:
        assert told(served.ask(HOST + b"\r\n"))[0] == "GET"
        silent[-1].sendall(HOST + b"\r\n")
        assert silent[-1].recv(65536).startswith(b"HTTP/1.1 200 OK")
        # Who was waited for longest went.
        assert silent[0].recv(1) == b""
    finally:
        for one in silent:
            one.close()


CHUNKED = b"Transfer-Encoding: chunked\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        HOST + b"Host: other\r\n\r\n",
        HOST + b"host: h\r\n\r\n",
        HOST + b"A: b\r\n c\r\n\r\n",
        HOST + b"A: b\r\n\tContent-Length: 5\r\n\r\nhello",
        HOST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        HOST + CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n",
        HOST + b"Content-Length: 5\r\n" + CHUNKED + b"\r\n0\r\n\r\n",
        HOST + CHUNKED + CHUNKED + b"\r\n0\r\n\r\n",
        HOST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        HOST + b"Transfer-Encoding:\r\nA: b\r\n\r\n0\r\n\r\n",
        HOST.replace(b"1.1", b"1.0") + CHUNKED + b"\r\n0\r\n\r\n",
        HOST.replace(b"1.1", b"2.0") + b"\r\n",
        HOST.replace(b"1.1", b"9.9") + b"\r\n",
        HOST.replace(b" HTTP/1.1", b"") + b"\r\n",
        HOST.replace(b"\r", b"") + b"\n",
        HOST + b"A: b\nC: d\r\n\r\n",
        HOST.partition(b"Host")[0] + b"\r\n",
        *(
            HOST + CHUNKED + b"\r\n" + body
            for body in (
                b"4\nabcd\n0\n\n",
                b"4\r\nabcd\r\n0\n",
                b"0\r\n\nGET /next HTTP/1.1\r\nHost: h\r\n\r\n",
                b"0\r\nGET /next HTTP/1.1\r\nHost: h\r\n\r\n",
                b"0\r\nA: b\nC: d\r\n\r\n",
                b"0" * 65_537,
            )
        ),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(served, sent):
    head, _, body = served.ask(sent).partition(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
    assert b"Content-Type: application/problem+json" in head and b"Connection: close" in head
    assert json.loads(body)["code"] == "bad_request"


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_a_line_that_comes_in_two_pieces_is_one(served, cut):
    asked = HOST + CLOSE + b"A: b\r\n\r\n"
    with served.open() as client:
        client.sendall(asked[:-cut])
        time.sleep(0.02)
        client.sendall(asked[-cut:])
        assert told(b"".join(iter(lambda: client.recv(65536), b"")))[0] == "GET"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 33554433\r\n\r\n", 413),
        (HOST + b"Transfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET /fails HTTP/1.1\r\nHost: h\r\n\r\n", 500),
    ],
)
def test_a_refusal_is_a_problem_document(served, sent, status):
    head, _, body = served.ask(sent).partition(b"\r\n\r\n")
    assert b"Content-Type: application/problem+json" in head
    assert json.loads(body)["status"] == status
