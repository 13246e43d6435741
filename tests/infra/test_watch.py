"""The watch after a deployment, over real sockets: when it is taken back, and when it is left alone."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
import urllib3

from infra.watch import MINUTES, Watch, main

PATH = "/v1/projects/waooaw-dev/location/global/prometheus/api/v1/query"


class World:
    """The platform and Cloud Monitoring, as they are after a deployment."""

    def __init__(self):
        self.health = (200, {"status": "healthy"})
        self.counted = {"requests": "1000", "errors": "0"}
        self.monitoring = 200
        self.minutes = 0
        self.after = {}
        self.queries = []

    def sleep(self, seconds):
        assert seconds == 60
        self.minutes += 1
        for name, value in self.after.get(self.minutes, {}).items():
            setattr(self, name, value)

    def answer(self, path, query):
        if path == "/v1/health":
            return self.health
        assert path == PATH
        self.queries.append(query)
        name = "errors" if "user_errors" in query else "requests"
        value = self.counted[name]
        result = [{"metric": {}, "value": [1.0, value]}] if value is not None else []
        return self.monitoring, {"status": "success", "data": {"result": result}}


@pytest.fixture
def world():
    return World()


@pytest.fixture
def watch(world):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            url = urlsplit(self.path)
            status, body = world.answer(url.path, parse_qs(url.query).get("query", [""])[0])
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    pool = urllib3.PoolManager(retries=False)
    yield Watch("waooaw-dev", address, pool, monitoring=address, sleep=world.sleep)
    pool.clear()
    server.shutdown()
    server.server_close()


def test_what_stays_well_is_watched_to_the_end_and_left_alone(world, watch):
    assert watch.verdict() is None
    assert world.minutes == MINUTES
    assert world.queries[:2] == [
        "sum(increase(logging_googleapis_com:user_requests[1m]))",
        "sum(increase(logging_googleapis_com:user_errors[1m]))",
    ]
    assert "[15m]" in world.queries[-1]


def test_more_than_one_failure_in_a_hundred_takes_it_back(world, watch):
    world.after = {4: {"counted": {"requests": "1000", "errors": "11"}}}
    assert watch.verdict() == "11 of 1000 requests failed in 4 minutes"


@pytest.mark.parametrize(
    "counted",
    [
        {"requests": "1000", "errors": "10"},
        {"requests": "19", "errors": "19"},
        {"requests": None, "errors": None},
        {"requests": "1000", "errors": None},
        {"requests": "1000", "errors": "NaN"},
    ],
)
def test_fewer_do_not(world, watch, counted):
    world.counted = counted
    assert watch.verdict() is None


@pytest.mark.parametrize(
    "health",
    [(200, {"status": "down"}), (503, {"code": "store_unavailable"}), (200, b"<html>"), (200, [])],
)
def test_health_that_fails_three_times_takes_it_back(world, watch, health):
    world.health = health
    assert "failed 3 times in a row" in watch.verdict()
    assert world.minutes == 3


def test_health_that_recovers_does_not(world, watch):
    well, ill = (200, {"status": "degraded"}), (503, {})
    world.health = ill
    world.after = {3: {"health": well}, 5: {"health": ill}, 7: {"health": well}}
    assert watch.verdict() is None


def test_what_nobody_can_watch_is_not_left_alone(world, watch):
    world.monitoring = 403
    with pytest.raises(
        SystemExit, match=r"answered 403; the deployer needs roles/monitoring\.viewer"
    ):
        watch.verdict()


def test_it_says_how_it_is_used(capsys):
    assert main(["only-one"]) == 2
    assert "PROJECT ADDRESS" in capsys.readouterr().err
