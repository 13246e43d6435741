"""Connections to the same address are kept, those that ended are not, and TLS trusts the authorities of the machine."""

import shutil
import socket
import ssl
import subprocess
from functools import partial
from http.client import HTTPConnection

import pytest

from shared.edge import http_pool
from shared.edge.http_pool import MOST_KEPT, NoAnswer, Pool
from tests.edge.provider import Reply, providing

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
    dial = socket.create_connection

    def dialled(place, *said):
        return dial(("127.0.0.1", host.server_port), *said)

    monkeypatch.setattr(socket, "create_connection", dialled)
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
