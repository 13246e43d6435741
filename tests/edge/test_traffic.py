"""The requests of the last minutes as Cloud Monitoring tells them, over a real socket."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.edge.http_client import Caller
from shared.edge.settings import Settings
from shared.edge.telemetry import CloudTelemetry
from shared.errors import ProviderDown
from shared.observability import Recent
from tests.conftest import NOON

PATH = "/v1/projects/waooaw-dev/location/global/prometheus/api/v1/query"


@pytest.fixture
def monitoring():
    """Cloud Monitoring: answers by the figure that a query is about."""
    said, asked = {}, []

    class Monitoring(BaseHTTPRequestHandler):
        def do_GET(self):
            url = urlsplit(self.path)
            query = parse_qs(url.query)
            asked.append((url.path, self.headers["Authorization"], query))
            (name,) = [
                n for n in ("requests", "errors", "latency_bucket") if n in query["query"][0]
            ]
            result = [
                {"metric": {"area": area} if area else {}, "value": [1.0, value]}
                for area, value in said.get(name, {}).items()
            ]
            body = json.dumps({"data": {"result": result}}).encode()
            self.send_response(said.get("status", 200))
            self.end_headers()
            self.wfile.write(said.get("body", body))

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Monitoring)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    telemetry = CloudTelemetry(
        Settings({"PROJECT": "waooaw-dev"}),
        lambda: "a-token",
        f"http://127.0.0.1:{server.server_port}",
    )
    telemetry.__dict__["_caller"] = Caller("monitoring", token=lambda: "a-token", attempts=1)
    yield telemetry, said, asked
    server.shutdown()
    server.server_close()


def test_each_area_has_its_requests_its_failures_and_its_slowest_twentieth(monitoring):
    telemetry, said, asked = monitoring
    said["requests"] = {"agents": "99.6", "approvals": "12", "idle": "0", "": "5"}
    said["errors"] = {"agents": "3.2"}
    said["latency_bucket"] = {"agents": "812.34", "approvals": "NaN"}
    assert telemetry.recent(NOON) == {
        "agents": Recent(100, 3, 812.3),
        "approvals": Recent(12, 0, 0),
    }
    path, token, query = asked[0]
    by_area = 'label_replace({}, "area", "$1", "route", "([a-z]+)[.].*")'
    assert (path, token) == (PATH, "Bearer a-token")
    assert query["time"] == [str(NOON.timestamp())]
    counted = by_area.format(
        'increase(logging_googleapis_com:user_requests{monitored_resource="cloud_run_revision"}[5m])'
    )
    assert query["query"] == [f"sum by (area) ({counted})"]
    assert asked[2][2]["query"][0].startswith("histogram_quantile(0.95, sum by (area, le) (")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_where_it_does_not_answer_that_is_said(monitoring, status):
    telemetry, said, _ = monitoring
    said["status"] = status
    with pytest.raises(ProviderDown):
        telemetry.recent(NOON)


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 400, "body": b'{"error": {"message": "names no resource"}}'},
        {"status": 403, "body": b"<html>"},
        {"body": b""},
        {"body": b"<html>"},
        {"body": b"[]"},
        {"body": b'{"status": "success"}'},
        {"body": b'{"data": {"result": [{"metric": {}}]}}'},
        {"body": b'{"data": {"result": [{"metric": {}, "value": [1, "many"]}]}}'},
    ],
)
def test_where_it_answers_what_is_no_figure_the_log_says_so_each_time_and_it_is_not_down(
    monitoring, answer, caplog
):
    telemetry, said, asked = monitoring
    said |= answer
    for _ in range(5):
        with pytest.raises(ProviderDown, match="Cloud Monitoring answered"):
            telemetry.recent(NOON)
    assert len(asked) == 5, "it was left alone, as if it were down"
    assert [one.levelname for one in caplog.records] == ["ERROR"] * 5
    assert "gives no figures of requests: answered " in caplog.text


def test_a_figure_of_the_log_is_asked_for_in_one_place():
    """There a query names the resource, without which it is refused."""
    places = {
        str(file)
        for folder in ("functions", "infra", "local", "shared", "workflows")
        for file in Path(folder).rglob("*.*")
        if file.suffix in {".py", ".yaml"} and "logging_googleapis_com" in file.read_text()
    }
    assert places == {"shared/edge/telemetry.py"}


def test_what_it_counts_is_what_the_infrastructure_declares():
    declared = Path("infra/watching.py").read_text()
    for name in ("requests", "errors", "latency"):
        assert f'"{name}"' in declared, f"infra/watching.py declares no figure named {name}"
