"""Connections to the same address are kept, those that ended are not, and TLS trusts the authorities of the machine."""

import select
import shutil
import socket
import ssl
import subprocess
import time
from functools import partial
from http.client import HTTPConnection

import pytest

from shared.edge import http_pool
from shared.edge.http_pool import MOST_INTERIM, MOST_KEPT, NoAnswer, Pool
from tests.edge.provider import Reply, providing
from tests.edge.strangers import CUT_OFF, WHOLE, hanging_up, saying

CLOSED, CHUNKED = {"Connection": "close"}, {"Transfer-Encoding": "chunked"}


@pytest.fixture
def pool():
    pool = Pool()
    yield pool
    pool.clear()


@pytest.fixture
def dialled(monkeypatch):
    """Every connection that is made."""
    made = []
    connect = http_pool.HTTPConnection.connect

    def counted(line):
        made.append((line.host, line.port))
        connect(line)

    monkeypatch.setattr(http_pool.HTTPConnection, "connect", counted)
    return made


def send(pool, provider, method="GET", **said):
    return pool.send(method, f"{provider.address}/x", timeout_s=2, **said)


def test_one_connection_carries_one_request_after_the_other(pool, provider, dialled):
    provider.replies = [Reply(200, {"a": 1}), Reply(204, b""), Reply(404, b"no"), Reply()]

    given = [send(pool, provider, method).status for method in ("POST", "PUT", "GET", "HEAD")]
    assert given == [200, 204, 404, 200]
    assert len(dialled) == 1


def test_what_the_other_end_closes_is_opened_again(pool, provider, dialled):
    provider.replies = [Reply(200, {}, CLOSED), Reply()]
    assert [send(pool, provider).status for _ in range(3)] == [200, 200, 200]
    assert len(dialled) == 2

    with providing() as gone:
        send(pool, gone)
        port = gone.server_port
    with providing(port) as again:
        assert send(pool, again).status == 200


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(200, b"ab", {"Content-Length": "3"} | CLOSED), "half an answer"),
        (Reply(200, b"1\r\na\r\n9\r\n", CHUNKED | CLOSED), "IncompleteRead"),
        (Reply(200, b"x" * 101), "an endless answer"),
        (Reply(cut=True), "RemoteDisconnected"),
        (Reply(wait_s=0.5), "TimeoutError"),
    ],
)
def test_what_is_no_whole_answer_is_none_and_its_connection_ends(
    pool, provider, dialled, reply, why
):
    provider.replies = [reply, Reply()]

    with pytest.raises(NoAnswer) as none:
        pool.send("GET", provider.address, timeout_s=0.2, most_bytes=100)
    assert (none.value.why, none.value.sent) == (why, True)
    assert send(pool, provider).status == 200
    assert len(dialled) == 2


def asked(pool, port, timeout_s=2, **said):
    return pool.send("GET", f"http://127.0.0.1:{port}/", timeout_s=timeout_s, **said)


HEAD, MEANWHILE = b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
IN_CHUNKS = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("most_bytes", [0, 100])
@pytest.mark.parametrize("cut", CUT_OFF)
def test_a_head_that_is_cut_off_is_no_answer(pool, cut, most_bytes):
    with saying(cut, ends=True) as port, pytest.raises(NoAnswer, match="RemoteDisconnected"):
        asked(pool, port, most_bytes=most_bytes)


@pytest.mark.parametrize(
    "body", [b"2\r\nok", b"2\r\nok\r\n", b"2\r\nok\r\n0\r\n", b"2\r\nok\r\n0\r\nA: b"]
)
def test_chunks_that_do_not_end_are_no_answer(pool, body):
    with saying(IN_CHUNKS + body, ends=True) as port, pytest.raises(NoAnswer):
        asked(pool, port)


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 2\r\nContent-Length: 5\r\n",
        b"Content-Length: 2, 2\r\n",
        b"Content-Length: x\r\n",
        b"Content-Length: -2\r\n",
        b"Content-Length: \r\n",
        b"Content-Length: " + b"9" * 5000 + b"\r\n",
        b"Content-Length: 1\r\n 2\r\n",
        b"Transfer-Encoding: gzip\r\nContent-Length: 2\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
    ],
)
def test_an_answer_of_which_nobody_knows_how_long_it_is_is_none(pool, head):
    with (
        saying(HEAD + head + b"\r\nok", ends=True) as port,
        pytest.raises(NoAnswer, match="of no known length"),
    ):
        asked(pool, port)


def test_chunks_are_of_http_1_1(pool):
    said = IN_CHUNKS.replace(b"HTTP/1.1", b"HTTP/1.0") + b"2\r\nok\r\n0\r\n\r\n"
    with saying(said, ends=True) as port, pytest.raises(NoAnswer, match="of no known length"):
        asked(pool, port)


@pytest.mark.parametrize(
    "said",
    [
        HEAD + b"Content-Length : 50\r\n\r\nok",
        HEAD + b"no colon\r\nContent-Length: 50\r\n\r\nok",
        HEAD + b" X: y\r\nContent-Length: 50\r\n\r\nok",
        HEAD + b": y\r\nContent-Length: 50\r\n\r\nok",
        HEAD + b"X: y\rContent-Length: 2\r\n\r\nok",
        HEAD + b"X: \0\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 2_00 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 +200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.x 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 103 Early Hints\r\nno colon\r\n\r\n" + WHOLE,
        *(
            IN_CHUNKS + size + b"ok\r\n0\r\n\r\n"
            for size in (b"-2\r\n", b"0x2\r\n", b"0_2\r\n", b" 2\r\n", b"2\n", b"\r\n", b"2 x\r\n")
        ),
        IN_CHUNKS + b"2\r\nok\r\n0\r\nno colon\r\n\r\n",
    ],
)
def test_a_line_that_is_none_of_http_ends_the_connection(pool, said):
    """The standard library reads on, as if there had been nothing, and takes half an answer for a whole one."""
    with saying(said, ends=True) as port, pytest.raises(NoAnswer, match="none of HTTP"):
        asked(pool, port)
    assert pool._kept == []


def test_a_part_is_as_long_as_it_says(pool):
    with (
        saying(IN_CHUNKS + b"2\r\nokXX0\r\n\r\n") as port,
        pytest.raises(NoAnswer, match="longer than it says"),
    ):
        asked(pool, port)
    assert pool._kept == []


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200\nContent-Length: 2\n\nok",
        HEAD + b"Content-Length:\t 2 \r\nContent-Length: 2\r\n\r\nok",
        HEAD + b"X: y\r\n z\r\n\tContent-Length: 9\r\nContent-Length: 2\r\n\r\nok",
        HEAD + b"X:\r\nY: \xe9\x85\r\nContent-Length: 2\r\n\r\nok",
        IN_CHUNKS + b'00002 ;a="b";c\r\nok\r\n0;d\r\nX: y\r\n z\r\n\r\n',
        b"HTTP/1.1 100 Continue\r\n\r\n" * MOST_INTERIM + WHOLE,
    ],
)
def test_what_rfc_9112_lets_an_answer_be_is_one(pool, said):
    with saying(said) as port:
        assert [asked(pool, port).body for _ in range(2)] == [b"ok"] * 2
        assert len(pool._kept) == 1


@pytest.mark.parametrize("status", [b"204", b"304"])
def test_what_has_no_body_has_no_chunks_either(pool, status):
    with saying(IN_CHUNKS.replace(b"200", status)) as port:
        assert asked(pool, port).status == int(status)
        assert len(pool._kept) == 1


@pytest.mark.parametrize("every_s", [0.0, 0.1])
def test_what_is_said_meanwhile_is_no_answer(pool, dialled, every_s):
    """Nor does the next request get what the one before asked for."""
    with saying(MEANWHILE, b"HTTP/1.1 100 Continue\r\n\r\n", WHOLE, every_s=every_s) as port:
        assert [(a.status, a.body) for a in (asked(pool, port) for _ in range(3))] == [
            (200, b"ok")
        ] * 3
    assert len(dialled) == 1


@pytest.mark.parametrize(
    "parts",
    [
        [MEANWHILE] * (MOST_INTERIM + 1) + [WHOLE],
        [b"HTTP/1.1 101 Switching Protocols\r\n\r\n", WHOLE],
    ],
    ids=["too often", "another protocol"],
)
def test_what_has_no_final_answer_has_none(pool, parts):
    with saying(*parts) as port, pytest.raises(NoAnswer, match="no final answer"):
        asked(pool, port)


@pytest.mark.parametrize(
    "said",
    [WHOLE + WHOLE, HEAD.replace(b"200", b"204") + b"Content-Length: 2\r\n\r\nok", WHOLE + b"\r\n"],
)
def test_a_connection_on_which_more_was_said_is_not_kept(pool, dialled, said):
    with saying(said) as port:
        for _ in range(2):
            asked(pool, port)
        assert pool._kept == []
    assert len(dialled) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "parts",
    [
        [HEAD + b"X: ", *[b"y"] * 90],
        [b"HTTP/1.1 100 Continue\r\nX: ", *[b"y"] * 90],
        [MEANWHILE] * 90,
        [IN_CHUNKS + b"1;", *[b"x"] * 90],
        [IN_CHUNKS, *[b"1\r\nx\r\n"] * 90],
        [IN_CHUNKS + b"0\r\n", *[b"A: b\r\n"] * 90],
        [HEAD + b"Content-Length: 999\r\n\r\n", *[b"x"] * 90],
    ],
    ids=["head", "interim", "interims", "extension", "chunks", "trailers", "body"],
)
@pytest.mark.parametrize("more", [{}, {"timeout_s": 0.2, "within_s": 0.3}])
def test_whatever_drips_ends_when_the_time_is_over(pool, parts, more):
    with saying(*parts, every_s=0.05) as port:
        begun = time.monotonic()
        with pytest.raises(NoAnswer, match="TimeoutError"):
            asked(pool, port, **{"timeout_s": 0.3, **more})
        assert 0.25 < time.monotonic() - begun < 0.8


def test_the_addresses_of_a_name_and_tls_share_the_time(pool, monkeypatch):
    """The first takes no connection, the second says nothing of TLS."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, saying() as port:
        held = [socket.socket() for _ in range(3)]
        for one in held:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        found = [
            socket.getaddrinfo("127.0.0.1", at, type=socket.SOCK_STREAM)[0]
            for at in (full.getsockname()[1], port)
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        begun = time.monotonic()
        with pytest.raises(NoAnswer, match="TimeoutError") as none:
            pool.send("GET", "https://hooks.example.com/", timeout_s=0.3, within_s=0.5)
        assert not none.value.sent
        assert 0.4 < time.monotonic() - begun < 0.9
        for one in held:
            one.close()


BODY = b"x" * 20_000_000
EARLY = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno"


def test_an_answer_before_the_end_of_the_request_is_one(pool):
    with hanging_up(EARLY) as port:
        assert asked(pool, port, body=BODY).status == 413
        assert pool._kept == []


def test_half_a_request_may_have_been_enough_but_half_a_head_was_not(pool):
    with hanging_up(b"") as port:
        for body, headers, sent in ((BODY, {}, True), (None, {"X": "y" * len(BODY)}, False)):
            with pytest.raises(NoAnswer) as none:
                asked(pool, port, body=body, headers=headers)
            assert none.value.sent is sent


def test_who_hung_up_before_was_not_asked(pool, monkeypatch):
    connect = http_pool.HTTPConnection.connect

    def late(line):
        connect(line)
        said = select.poll()
        said.register(line.sock, select.POLLRDHUP)
        assert said.poll(5000)

    monkeypatch.setattr(http_pool.HTTPConnection, "connect", late)
    for reads in (0, None):
        with hanging_up(b"", reads=reads) as port:
            with pytest.raises(NoAnswer, match="ConnectionResetError") as none:
                asked(pool, port)
            assert not none.value.sent


def test_a_name_that_cannot_be_one_is_not_asked(pool):
    with pytest.raises(NoAnswer) as none:
        pool.send("GET", f"http://{'a' * 64}.invalid/", timeout_s=1)
    assert not none.value.sent


def test_a_pool_may_keep_nothing_and_trust_who_it_is_told(host, certificates, monkeypatch, dialled):
    trusted = ssl.create_default_context(cafile=str(certificates[0]))
    pool = Pool(kept=0, tls=lambda: trusted)
    found = socket.getaddrinfo("127.0.0.1", host.server_port, type=socket.SOCK_STREAM)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    for _ in range(2):
        assert pool.send("GET", "https://hooks.example.com/", timeout_s=2).status == 200
    assert len(dialled) == 2
    assert pool._kept == []


@pytest.mark.parametrize(
    "headers",
    [{f"X-{n}": "a" for n in range(200)}, {"X-Long": "a" * 70_000}],
)
def test_headers_have_a_limit(pool, provider, headers):
    provider.replies = [Reply(200, {}, headers), Reply()]

    with pytest.raises(NoAnswer) as none:
        send(pool, provider)
    assert none.value.sent
    assert send(pool, provider).status == 200


def test_a_redirection_is_an_answer(pool, provider):
    provider.replies = [Reply(302, {}, {"Location": f"{provider.address}/y"})]

    answer = send(pool, provider)
    assert (answer.status, answer.headers["location"]) == (302, f"{provider.address}/y")
    assert [seen.path for seen in provider.seen] == ["/x"]


def test_what_comes_in_chunks_is_put_together(pool, provider, dialled):
    chunks = b"2\r\nab\r\n3;x=y\r\ncde\r\n0\r\nTrailer: x\r\n\r\n"
    # Both say how long it is; the chunks win.
    provider.replies = [Reply(200, chunks, CHUNKED), Reply()]

    assert send(pool, provider).body == b"abcde"
    assert send(pool, provider).status == 200
    assert len(dialled) == 1


def test_an_answer_whose_body_nobody_wants_is_not_waited_for(pool, provider):
    provider.replies = [Reply(200, b"x" * 1000, drip_s=1)]

    assert send(pool, provider, most_bytes=0).status == 200


def test_no_more_are_kept_than_that(pool):
    place, closed = ("http", "one.example.com", None), []
    for number in range(MOST_KEPT + 2):
        line = HTTPConnection("one.example.com")
        line.close = partial(closed.append, number)
        pool._keep(place, line)
    assert closed == [0, 1]


@pytest.fixture
def trusting(monkeypatch):
    """Make the context as a machine does whose authorities are there."""

    def made(**where):
        http_pool.context.cache_clear()
        for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
            monkeypatch.delenv(name, raising=False)
        for name, place in where.items():
            monkeypatch.setenv(f"SSL_CERT_{name}", str(place))
        return http_pool.context()

    yield made
    http_pool.context.cache_clear()


@pytest.fixture
def authorities(certificates, tmp_path):
    """A folder of authorities as OpenSSL keeps it."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is needed to tell the hash of a name")
    said = ["openssl", "x509", "-hash", "-noout", "-in", str(certificates[0])]
    name = subprocess.run(said, capture_output=True, text=True, check=True).stdout.strip()
    shutil.copy(certificates[0], tmp_path / f"{name}.0")
    return tmp_path


@pytest.fixture
def ask(pool, host, monkeypatch):
    """Ask a host by its name, which leads here."""
    found = socket.getaddrinfo("127.0.0.1", host.server_port, type=socket.SOCK_STREAM)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    return lambda name="hooks.example.com": pool.send("GET", f"https://{name}/", timeout_s=2)


def test_an_authority_of_the_folder_is_trusted_and_read_when_it_is_needed(
    ask, authorities, trusting
):
    assert trusting(DIR=authorities).get_ca_certs() == []
    assert ask().status == 200


def test_one_of_a_file_is_trusted_where_a_file_is_named(ask, certificates, trusting):
    assert len(trusting(FILE=certificates[0]).get_ca_certs()) == 1
    assert ask().status == 200


def test_a_folder_that_openssl_cannot_search_is_not_taken_for_one(certificates, tmp_path, trusting):
    shutil.copy(certificates[0], tmp_path / "root.pem")
    assert trusting(DIR=tmp_path).get_ca_certs() == ssl.create_default_context().get_ca_certs()


def test_an_authority_that_nobody_trusts_is_refused_before_anything_is_sent(ask, host, trusting):
    trusting()
    with pytest.raises(NoAnswer) as none:
        ask()
    assert (none.value.why, none.value.sent) == ("SSLCertVerificationError", False)
    assert not host.seen


def test_a_certificate_of_another_name_is_refused(ask, authorities, trusting):
    trusting(DIR=authorities)
    assert ask().status == 200
    with pytest.raises(NoAnswer, match="SSLCertVerificationError"):
        ask("other.example.com")
