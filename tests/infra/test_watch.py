"""The watch after a deployment, over real sockets: when it is taken back, when it is left alone, and when nobody can say."""

import json
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
import urllib3
from google.auth.exceptions import DefaultCredentialsError, RefreshError

from infra import watch as module
from infra.watch import JUDGED, MINUTES, TAKE_BACK, UNKNOWN, USAGE, WELL, Watch, main

PATH = "/v1/projects/waooaw-dev/location/global/prometheus/api/v1/query"
REFUSED = {"error": {"code": 0, "message": "the words of Google", "status": "SOMETHING"}}
HANGS = "hangs"
DRIPS = "drips"
"""It answers byte by byte, each in time, for longer than the world lasts."""

DRIPS_AT_ONCE = "drips at once"
"""Likewise, from its first line on."""


class World:
    """The platform and Cloud Monitoring, as they are after a deployment."""

    def __init__(self):
        self.health = (200, {"status": "healthy"})
        self.counted = {"requests": "1000", "errors": "0"}
        self.monitoring = None
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
        if self.monitoring:
            return self.monitoring
        name = "errors" if "user_errors" in query else "requests"
        value = self.counted[name]
        result = [{"metric": {}, "value": [1.0, value]}] if value is not None else []
        return 200, {"status": "success", "data": {"resultType": "vector", "result": result}}


@pytest.fixture
def world():
    return World()


@pytest.fixture
def watch(world):
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            url = urlsplit(self.path)
            answer = world.answer(url.path, parse_qs(url.query).get("query", [""])[0])
            if answer is HANGS:
                over.wait()
                return
            if answer in (DRIPS, DRIPS_AT_ONCE):
                self.wfile.write(b"HTTP/1.0 200 OK\r\n" + b"\r\n" * (answer == DRIPS))
                with suppress(OSError):
                    while not over.wait(0.02):
                        self.wfile.write(b" ")
                return
            status, body = answer
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    pool = urllib3.PoolManager()
    yield Watch("waooaw-dev", address, lambda: pool, monitoring=address, sleep=world.sleep)
    over.set()
    pool.clear()
    server.shutdown()
    server.server_close()


def result(*found):
    return 200, {"status": "success", "data": {"resultType": "vector", "result": [*found]}}


NO_FIGURES = {
    "it takes the query for wrong": ((400, REFUSED), "answered 400: the words of Google"),
    "whoever asks may not": ((403, REFUSED), "roles/monitoring.viewer"),
    "there is no such project": ((404, REFUSED), "monitoring.googleapis.com is enabled"),
    "it was asked too often": ((429, REFUSED), "quota of Cloud Monitoring"),
    "it fails": ((500, b"<html>"), "answered 500. What to do: see https://status.cloud.google.com"),
    "it is not there": ((503, b""), "answered 503"),
    "it says an error of Prometheus": (
        (422, {"status": "error", "errorType": "execution", "error": "too many samples"}),
        "answered 422: too many samples",
    ),
    "what it says is no JSON": ((200, b"<html>"), "what is no result of a query"),
    "what it says is cut off": ((200, b'{"data": {"resu'), "what is no result of a query"),
    "it says no data": ((200, {"status": "success"}), "what is no result of a query"),
    "it says another shape": ((200, []), "what is no result of a query"),
    "it says a series without a value": (result({"metric": {}}), "what is no result of a query"),
    "it says a value that is no number": (
        result({"metric": {}, "value": [1, "many"]}),
        "what is no result of a query",
    ),
    "it has no series": (result(), "knows of no request, though health was asked for"),
    "it counts none": (
        result({"metric": {}, "value": [1, "0"]}),
        "knows of no request, though health was asked for",
    ),
    "its number is none": (result({"metric": {}, "value": [1, "NaN"]}), "counts nan requests"),
    "its number has no end": (result({"metric": {}, "value": [1, "+Inf"]}), "counts inf requests"),
    "its number is below none": (result({"metric": {}, "value": [1, "-3"]}), "counts -3.0"),
    "it does not answer": (HANGS, "cannot be asked (ReadTimeoutError"),
    "its answer drips": (DRIPS, "cannot be asked ("),
    "its answer drips at once": (DRIPS_AT_ONCE, "cannot be asked ("),
}

every_way = pytest.mark.parametrize(
    ("answer", "said"), NO_FIGURES.values(), ids=[name.replace(" ", "_") for name in NO_FIGURES]
)


def test_what_stays_well_is_watched_to_the_end_and_left_alone(world, watch, capsys):
    assert watch.verdict() == (WELL, "it stayed well for 15 minutes, of which 15 were counted")
    assert world.minutes == MINUTES
    kind = '{monitored_resource="cloud_run_revision"}'
    assert world.queries[:2] == [
        f"sum(increase(logging_googleapis_com:user_requests{kind}[1m]))",
        f"sum(increase(logging_googleapis_com:user_errors{kind}[1m]))",
    ]
    assert "[15m]" in world.queries[-1]
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == MINUTES
    assert lines[6] == "minute 7 of 15: healthy, 0 of 1000 requests failed"


def test_more_than_one_failure_in_a_hundred_takes_it_back(world, watch):
    world.after = {4: {"counted": {"requests": "1000", "errors": "11"}}}
    assert watch.verdict() == (TAKE_BACK, "11 of 1000 requests failed in 4 minutes")


@pytest.mark.parametrize(
    "counted",
    [
        {"requests": "1000", "errors": "10"},
        {"requests": "19", "errors": "19"},
        {"requests": "1000", "errors": None},
    ],
)
def test_fewer_do_not(world, watch, counted):
    world.counted = counted
    assert watch.verdict()[0] == WELL


@every_way
def test_where_there_are_no_figures_nobody_can_say(world, watch, answer, said, capsys):
    world.monitoring, watch.timeout_s = answer, 0.05
    end, why = watch.verdict()
    assert (end, world.minutes) == (UNKNOWN, MINUTES)
    assert said in why
    assert "What to do: " in why
    assert "no figures: Cloud Monitoring " in capsys.readouterr().out.splitlines()[0]


@every_way
def test_health_decides_alone(world, watch, answer, said):
    world.monitoring, watch.timeout_s, world.health = answer, 0.05, (503, {})
    assert watch.verdict()[0] == TAKE_BACK
    assert world.minutes == 3


@every_way
def test_figures_that_come_back_decide(world, watch, answer, said):
    world.monitoring, watch.timeout_s = answer, 0.05
    world.after = {9: {"monitoring": None}}
    assert watch.verdict()[0] == WELL
    world.monitoring, world.minutes = answer, 0
    world.after[9]["counted"] = {"requests": "1000", "errors": "11"}
    assert watch.verdict() == (TAKE_BACK, "11 of 1000 requests failed in 9 minutes")


@pytest.mark.parametrize(("last", "end"), [(JUDGED - 1, UNKNOWN), (JUDGED, WELL)])
def test_the_last_figures_must_cover_most_of_the_time(world, watch, last, end):
    world.after = {last + 1: {"monitoring": (503, b"")}}
    assert watch.verdict()[0] == end


def test_failures_of_which_nobody_knows_the_number_are_no_figure(world, watch):
    world.counted = {"requests": "1000", "errors": "NaN"}
    end, why = watch.verdict()
    assert end == UNKNOWN
    assert "counts nan errors" in why


@pytest.mark.parametrize("error", [DefaultCredentialsError("nobody"), RefreshError("expired")])
def test_who_has_no_identity_has_no_figures(world, watch, error):
    def nobody():
        raise error

    watch.connect = nobody
    end, why = watch.verdict()
    assert end == UNKNOWN
    assert f"cannot be asked ({type(error).__name__}" in why
    assert "What to do: sign in (gcloud auth application-default login)" in why


@pytest.mark.parametrize(
    "health",
    [
        (200, {"status": "down"}),
        (503, {"code": "store_unavailable"}),
        (200, b"<html>"),
        (200, []),
        (200, {}),
        (200, {"status": None}),
        (200, {"status": "banana"}),
        (200, {"status": ["healthy"]}),
        (204, {"status": "healthy"}),
        HANGS,
        DRIPS,
        DRIPS_AT_ONCE,
    ],
)
def test_health_that_fails_three_times_takes_it_back(world, watch, health):
    world.health, watch.timeout_s = health, 0.1
    end, why = watch.verdict()
    assert end == TAKE_BACK
    assert "failed 3 times in a row" in why
    assert world.minutes == 3


def test_health_that_recovers_does_not(world, watch):
    well, ill = (200, {"status": "degraded"}), (503, {})
    world.health = ill
    world.after = {3: {"health": well}, 5: {"health": ill}, 7: {"health": well}}
    assert watch.verdict()[0] == WELL


@pytest.mark.parametrize("ill", [{1, 2, 4, 5, 7}, {1, 4, 7, 10, 13}, {2, 3, 8, 14, 15}])
def test_health_that_comes_and_goes_takes_it_back(world, watch, ill):
    well = (200, {"status": "healthy"})
    world.after = {n: {"health": (503, {}) if n in ill else well} for n in range(1, MINUTES + 1)}
    end, why = watch.verdict()
    assert (end, world.minutes) == (TAKE_BACK, max(ill))
    assert "failed 5 times in all" in why


def test_the_watch_does_not_end_while_the_health_fails(world, watch):
    world.after = {14: {"health": (503, {})}}
    assert watch.verdict()[0] == TAKE_BACK
    assert world.minutes == 16
    world.minutes, world.after[16] = 0, {"health": (200, {"status": "healthy"})}
    world.health = (200, {"status": "healthy"})
    assert watch.verdict() == (WELL, "it stayed well for 16 minutes, of which 16 were counted")


def test_it_says_how_it_is_used(capsys):
    assert main(["only-one"]) == 2
    assert "PROJECT ADDRESS" in capsys.readouterr().err


@pytest.mark.parametrize("address", ["", "gateway.example", "https://", "ftp://gateway"])
def test_what_is_no_address_is_not_watched_and_taken_back_for(address, capsys):
    assert main(["waooaw-dev", address]) == USAGE
    assert "is no address; it is https://…" in capsys.readouterr().err


@pytest.fixture
def run(world, watch, monkeypatch):
    """Watch as the command does, whose clock is the world's."""
    monkeypatch.setattr(Watch.__init__, "__defaults__", (watch.monitoring, world.sleep, 10))
    monkeypatch.setattr(module, "_google", lambda _: urllib3.PoolManager())
    return lambda: main(["waooaw-dev", f"{watch.address}/"])


def test_the_command_ends_with_what_to_do(world, run, capsys):
    assert run() == WELL
    assert capsys.readouterr().out.splitlines()[-1].startswith("Leave it: it stayed well")
    world.monitoring = (403, REFUSED)
    assert run() == UNKNOWN
    said = capsys.readouterr().out.splitlines()[-1]
    assert said.startswith("Nobody can say whether it is well, and nothing is taken back: ")
    assert "answered 403: the words of Google. What to do: give whoever deploys roles/" in said
    world.health = (503, {})
    assert run() == TAKE_BACK
    assert capsys.readouterr().out.splitlines()[-1].startswith("Take it back: ")


def test_a_defect_of_its_own_is_no_verdict(world, run, monkeypatch, capsys):
    def broken(self, minutes):
        raise ZeroDivisionError

    monkeypatch.setattr(Watch, "_figures", broken)
    assert run() == UNKNOWN
    assert "the watch itself failed" in capsys.readouterr().out


def test_whoever_is_nobody_to_google_is_told_so(world, watch, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(Watch.__init__, "__defaults__", (watch.monitoring, world.sleep, 10))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    assert main(["waooaw-dev", watch.address]) == UNKNOWN
    assert "DefaultCredentialsError" in capsys.readouterr().out
