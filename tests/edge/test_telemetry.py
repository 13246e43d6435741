"""Figures on their way to Cloud Monitoring: OTLP over a real socket, decoded as Google would."""

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from shared.edge.settings import Settings
from shared.edge.telemetry import CloudTelemetry, LocalTelemetry, ProcessTraffic
from shared.errors import ProviderDown
from shared.observability import Recent, Sample
from tests.conftest import NOON

SAMPLES = (
    Sample("waooaw_approvals_pending_total", "Approvals that wait.", 3),
    Sample("waooaw_agents_agents_total", "Agents.", 2, {"status": "deployed"}),
    Sample("waooaw_agents_agents_total", "Agents.", 1, {"status": "suspended"}),
)


@pytest.fixture
def receiver():
    taken, answers = [], [200]

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            body = gzip.decompress(raw) if self.headers.get("Content-Encoding") == "gzip" else raw
            taken.append((self.path, self.headers, body))
            self.send_response(answers[-1])
            self.send_header("Content-Type", "application/x-protobuf")
            self.end_headers()
            self.wfile.write(ExportMetricsServiceResponse().SerializeToString())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", taken, answers
    server.shutdown()
    server.server_close()


def telemetry(address):
    environ = {"TELEMETRY": address, "PROJECT": "waooaw-dev", "ENVIRONMENT": "dev"}
    return CloudTelemetry(Settings(environ), lambda: "a-token")


def test_they_arrive_as_gauges_of_the_project(receiver):
    address, taken, _ = receiver
    telemetry(address).export(SAMPLES)
    ((path, headers, body),) = taken
    assert path == "/v1/metrics"
    assert headers["Authorization"] == "Bearer a-token"
    assert headers["X-Goog-User-Project"] == "waooaw-dev"
    assert headers["Content-Type"] == "application/x-protobuf"
    (resource,) = ExportMetricsServiceRequest.FromString(body).resource_metrics
    said = {one.key: one.value.string_value for one in resource.resource.attributes}
    assert said["gcp.project_id"] == "waooaw-dev"
    assert said["deployment.environment.name"] == "dev"
    metrics = {one.name: one for scope in resource.scope_metrics for one in scope.metrics}
    assert set(metrics) == {sample.name for sample in SAMPLES}
    agents = {
        point.attributes[0].value.string_value: point.as_int or point.as_double
        for point in metrics["waooaw_agents_agents_total"].gauge.data_points
    }
    assert agents == {"deployed": 2, "suspended": 1}


def test_nothing_remains_of_the_last_export(receiver):
    address, taken, _ = receiver
    sender = telemetry(address)
    sender.export(SAMPLES)
    sender.export(SAMPLES[:1])
    (resource,) = ExportMetricsServiceRequest.FromString(taken[1][2]).resource_metrics
    names = [one.name for scope in resource.scope_metrics for one in scope.metrics]
    assert names == ["waooaw_approvals_pending_total"]


@pytest.mark.parametrize("status", [400, 401, 403])
def test_what_is_not_taken_is_a_failure(receiver, status):
    address, _, answers = receiver
    answers.append(status)
    with pytest.raises(ProviderDown, match="not taken"):
        telemetry(address).export(SAMPLES)


def test_a_receiver_that_is_not_there_is_a_failure(monkeypatch):
    monkeypatch.setattr("shared.edge.telemetry.TIMEOUT_S", 0.5)
    with pytest.raises(ProviderDown, match="not taken"):
        telemetry("http://127.0.0.1:9").export(SAMPLES)


def test_one_machine_exports_nothing_and_knows_its_own_requests():
    counting = ProcessTraffic()
    counting.served("agents", 500, 12.0, NOON)
    LocalTelemetry(counting).export(SAMPLES)
    assert LocalTelemetry(counting).recent(NOON) == {"agents": Recent(1, 1, 12.0)}
