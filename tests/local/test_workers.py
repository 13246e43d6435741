"""Several processes answer, and it is as if it were one."""

import errno
import json
import os
import signal
import socket
import threading
import time
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from waitress.server import TcpWSGIServer

from benchmarks.process import Process
from benchmarks.spawn import family
from benchmarks.wire import Account, Wire
from local.connections import Limits
from local.story import acts, catalogue
from local.story.client import Client
from local.streams import PING_S
from local.verify import examined
from local.worker import CLIENT, CLOSED, WROTE, Figures, Handed, Telling
from local.workers import Workers, _Link
from shared.documents import ABSENT, Key, Write
from shared.edge.keys import FileSigner
from shared.evidence import Entry
from shared.instants import instant
from tests.approvals.questions import EXAMPLE, others
from tests.local.conftest import answered
from tests.rehearsals.scene import until

pytestmark = pytest.mark.slow


class Platform(Process):
    """A platform of three processes and the one that they come from."""

    @property
    def workers(self):
        """Those that answer; before them come the owner, and what makes them."""
        return family(self._pid)[2:]

    def account(self, name):
        client = Client(self.address, self.secret)
        client.sign_in(name)
        return Account(client.token(name))

    def ask(self, method, path, body=None):
        """Ask by a connection of its own."""
        said = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nConnection: close\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(said)}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as client:
            client.sendall(head.encode() + said)
            return json.loads(answered(client).body)

    def at_rest(self):
        told = self.ask("POST", "/local/clock", {"within_s": 0})
        return told["idle"]


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    platform = Platform(tmp_path_factory.mktemp("workers"), environ={"WORKERS": "2"})
    platform.start()
    until(lambda: len(platform.workers) == 2)
    yield platform
    platform.stop(signal.SIGTERM)


def propose(wire, author, name):
    """Propose a skill, and return it."""
    skill = catalogue.SKILLS[0]() | {"name": f"Skill {name}", "skill_key": f"skill-{name}"}
    return json.loads(wire.post(author, "/v1/genesis/skills", json.dumps(skill).encode(), key=name))


def test_what_one_process_committed_every_other_reads(platform):
    author, wires = platform.account(acts.AUTHOR), [Wire(platform.port) for _ in range(4)]
    for n in range(8):
        skill = propose(wires[n % 4], author, f"own-{n}")
        for wire in wires:
            assert (
                json.loads(wire.get(author, f"/v1/genesis/skills/{skill['id']}"))["id"]
                == skill["id"]
            )
    for wire in wires:
        wire.close()


def test_a_jump_of_the_clock_is_seen_by_all_before_it_is_answered(platform):
    wire, asked = Wire(platform.port), EXAMPLE | {"subject": others()}
    asking = platform.account("service")
    wire.post(asking, "/v1/approvals", json.dumps(asked).encode(), key="asked")
    wire.close()
    before = platform.ask("GET", "/v1/health")["time"]
    jump = {"within_s": 86400}
    until(lambda: (told := platform.ask("POST", "/local/clock", jump))["jumped"] and told)
    now = platform.ask("POST", "/local/clock", {"within_s": 0})["now"]
    assert instant(now) > instant(before) + timedelta(minutes=1)
    assert all(platform.ask("GET", "/v1/health")["time"] >= now for _ in range(6))


def test_whoever_listens_hears_at_once_what_any_process_committed(platform):
    client = Client(platform.address, platform.secret)
    client.sign_in("governor")
    head = (
        f"GET /v1/approvals/stream HTTP/1.1\r\nHost: 127.0.0.1:{platform.port}\r\n"
        f"Authorization: Bearer {client.token('governor')}\r\n\r\n"
    )
    wire, asking = Wire(platform.port), platform.account("service")
    with socket.create_connection(("127.0.0.1", platform.port), timeout=10) as listening:
        listening.sendall(head.encode())
        text = b""
        while b"event: ping" not in text:
            text += listening.recv(65536)
        for n in range(3):
            began, asked = time.monotonic(), EXAMPLE | {"subject": others(), "window_min": 700 + n}
            told = wire.post(asking, "/v1/approvals", json.dumps(asked).encode(), key=f"heard-{n}")
            while f"id: {json.loads(told)['id']}@".encode() not in text:
                text += listening.recv(65536)
            assert time.monotonic() - began < PING_S / 2
    wire.close()


def test_what_one_process_is_for_is_asked_by_the_same_connection(platform):
    signing_in = json.dumps({"account": "governor", "secret": platform.secret}).encode()
    host = b"Host: 127.0.0.1:%d\r\n" % platform.port
    health = b"GET /v1/health HTTP/1.1\r\n" + host + b"\r\n"
    signed = b"POST /local/sign-in HTTP/1.1\r\n%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
    whole = health + signed % (host, len(signing_in), signing_in) + health
    for cut in (len(whole), len(health) + 20, len(whole) - len(health) - 5):
        with socket.create_connection(("127.0.0.1", platform.port), timeout=10) as client:
            client.sendall(whole[:cut])
            time.sleep(0.05)
            client.sendall(whole[cut:])
            with client.makefile("rb") as stream:
                answers = [_next(stream) for _ in range(3)]
        assert ["token" in one for one in answers] == [False, True, False]


def _next(stream):
    assert b" 200 " in stream.readline()
    heads = dict(line.decode().lower().split(": ", 1) for line in iter(stream.readline, b"\r\n"))
    return json.loads(stream.read(int(heads["content-length"])))


def test_requests_to_all_processes_are_counted_together(platform):
    author = platform.account("infrastructure_engineer")

    def counted():
        with closing(Wire(platform.port)) as wire:
            lines = wire.get(author, "/v1/metrics").decode().splitlines()
        told = [line for line in lines if line.startswith("waooaw_platform_requests_total")]
        return sum(float(line.rpartition(" ")[2]) for line in told if 'area="identity"' in line)

    before, wires = counted(), [Wire(platform.port) for _ in range(4)]
    for wire in wires:
        wire.get(author, "/v1/me")
        wire.close()
    until(lambda: counted() == before + 4)


def test_a_worker_that_is_killed_loses_nothing_and_is_replaced(platform):
    author, done, lock = platform.account(acts.AUTHOR), {}, threading.Lock()
    stop = threading.Event()

    def work(n):
        own = 0
        while not stop.is_set():
            with suppress(OSError), closing(Wire(platform.port)) as wire:
                while not stop.is_set():
                    skill = propose(wire, author, f"killed-{n}-{own}")
                    with lock:
                        done[f"killed-{n}-{own}"] = skill["id"]
                    own += 1

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        enough = len(done) + 8
        until(lambda enough=enough: len(done) > enough)
        before = platform.workers
        os.kill(before[0], signal.SIGKILL)
        until(lambda before=before: _others(platform.workers, before))
    stop.set()
    for thread in threads:
        thread.join()
    until(platform.at_rest, 20)
    wire, found = Wire(platform.port), []
    page = "/v1/genesis/skills?limit=100"
    while page:
        told = json.loads(wire.get(author, page))
        found += told["items"]
        page = told["next_cursor"] and f"/v1/genesis/skills?limit=100&cursor={told['next_cursor']}"
    wire.close()
    mine = [one["id"] for one in found if one["skill_key"].startswith("skill-killed")]
    assert len(mine) == len({*mine})
    assert {*done.values()} <= {*mine}
    assert len(mine) <= len(done) + 4


def test_whoever_is_answered_when_it_stops_loses_nothing(platform):
    author, done, cut, begun = platform.account(acts.AUTHOR), [], [], threading.Semaphore(0)

    def work(n):
        own = 0
        with suppress(ConnectionRefusedError):
            while own < 1000:
                with closing(Wire(platform.port)) as wire:
                    try:
                        while own < 1000:
                            own += 1
                            propose(wire, author, f"stopped-{n}-{own}")
                            done.append(f"stopped-{n}-{own}")
                            begun.release()
                    except (OSError, AssertionError, ValueError):
                        cut.append(f"stopped-{n}-{own}")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for _ in range(24):
        begun.acquire()
    platform.stop(signal.SIGTERM)
    for thread in threads:
        thread.join()
    platform.start()
    until(lambda: len(platform.workers) == 2)
    found, page = set(), "/v1/genesis/skills?limit=100"
    with closing(Wire(platform.port)) as wire:
        while page:
            told = json.loads(wire.get(author, page))
            found |= {one["skill_key"].removeprefix("skill-") for one in told["items"]}
            page = (
                told["next_cursor"] and f"/v1/genesis/skills?limit=100&cursor={told['next_cursor']}"
            )
    assert {*done} <= found
    assert not {*cut} & found


def test_a_worker_that_stands_still_keeps_nobody_from_the_end(platform):
    every = family(platform._pid)
    os.kill(platform.workers[0], signal.SIGSTOP)
    platform.stop(signal.SIGTERM)
    until(lambda: not any(_lives(pid) for pid in every))
    platform.start()
    until(lambda: len(platform.workers) == 2)


def _others(now, before):
    return len(now) == 2 and now != before


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_all_end_with_the_one_that_started_them(platform, how):
    until(platform.at_rest, 20)
    every = family(platform._pid)
    assert len(every) == 4
    platform.stop(how)
    until(lambda: not any(_lives(pid) for pid in every))
    report = examined(platform.data)
    assert not report.breaks
    assert report.counts["chains"] > 10
    platform.start()


def _lives(pid):
    with suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.fixture
def link():
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    near.setblocking(False)
    with far:
        yield near, far


@pytest.fixture
def owner(served, link):
    """Serve, with one worker that a test plays, and give what asks and what listens."""
    wire, workers = served(), Workers.__new__(Workers)
    workers.server = listening = served.running[-1][0].listening
    workers.died = lambda _: None
    listening.wake(lambda: _Link(workers, 0, link[0]))
    return wire, listening


ASKED = b"GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n"


def handed(far, sent):
    """Hand a client on as a worker does, and return its other end."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        client = socket.create_connection(listening.getsockname(), timeout=10)
        with listening.accept()[0] as taken:
            socket.send_fds(far, [CLIENT + sent], [taken.fileno()])
    return client


def test_a_client_that_comes_without_its_descriptor_is_lost_and_nobody_else(owner, link):
    (wire, _), (_, far) = owner, link
    far.send(CLIENT + b"too many files are open")
    assert wire.get().status == 200
    with handed(far, ASKED % wire.port) as client:
        assert answered(client).status == 200


def test_a_worker_to_whom_a_client_comes_without_its_descriptor_counts_one_less(link):
    near, far = link
    own = Figures(1).of[0]
    limits = Limits(port=1, longest=lambda _: 1000)
    worker = Handed(None, limits, Telling(near, own, lambda _: None), near, threads=1)
    far.send(CLIENT)
    worker.handle_accept()
    assert own[CLOSED] == 1
    worker.close_all()
    worker.end()


def test_clients_that_are_handed_on_are_bounded_as_those_that_come(owner, link):
    (_, listening), (_, far) = owner, link
    listening.most_connections = 3
    clients = [handed(far, b"GET /half") for _ in range(8)]
    assert all(one.recv(1) == b"" for one in clients[:5])
    assert len(listening.active_channels) == 3
    for one in clients:
        one.close()


@pytest.mark.parametrize("broken", ["readable", "handle_read"])
def test_whatever_is_wrong_with_one_the_others_are_answered(owner, link, monkeypatch, broken):
    (wire, _), (_, far) = owner, link

    def fails(_):
        raise RuntimeError(broken)

    with monkeypatch.context() as breaking:
        breaking.setattr(_Link, broken, fails)
        far.send(WROTE)
        with suppress(ConnectionResetError):
            assert far.recv(1) == b""
    assert wire.get().status == 200


def test_where_no_more_files_may_be_open_who_waits_longest_goes(served, monkeypatch):
    wire, accept, left = served(), TcpWSGIServer.accept, [3]
    clients = [wire.connect(b"GET /half") for _ in range(3)]
    assert wire.get().status == 200

    def full(self):
        if left[0]:
            left[0] -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return accept(self)

    monkeypatch.setattr(TcpWSGIServer, "accept", full)
    assert wire.get().status == 200
    assert [one.recv(1) for one in clients] == [b""] * 3


def test_the_owner_hears_which_signatures_a_worker_made_and_of_what(tmp_path):
    own, theirs = FileSigner(tmp_path / "writer.pem"), FileSigner(tmp_path / "writer.pem")
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    figures = Figures(1)
    telling = Telling(near, figures.of[0], theirs.signatures.lately)
    kid, signature = theirs.sign(b"an entry")
    place = Key("acme", Entry.collection, "1")
    with near, far:
        telling.take(
            [Write(place, {"sig": signature}, ABSENT), Write(place, {"sig": "another's"}, ABSENT)]
        )
        told = json.loads(far.recv(4096)[1:])
    heard = []
    workers = Workers.__new__(Workers)
    workers._documents, workers._hear = None, heard.extend
    workers._signed = own.signatures.remember
    workers.hear(told)

    assert [write.key for write in heard] == [place, place]
    assert own.made(kid, b"an entry", signature)
    assert not own.made(kid, b"another entry", signature)
    assert not own.made(kid, b"an entry", "another's")
