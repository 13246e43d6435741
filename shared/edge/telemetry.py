"""
Figures about this process and their way to Cloud Monitoring, through OpenTelemetry.

OpenTelemetry is imported only by whoever exports: it is heavier than all the rest of a function.
"""

import json
import logging
import math
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from threading import Lock
from typing import Any
from urllib.parse import urlencode

from shared.edge.addresses import path
from shared.edge.settings import Settings
from shared.errors import ProviderDown
from shared.observability import Recent, Sample

log = logging.getLogger("waooaw.telemetry")

RESOURCE = "cloud_run_revision"
"""What a function is to Cloud Logging and Cloud Monitoring."""

WINDOW = timedelta(minutes=5)
TIMEOUT_S = 10.0
MAX_KEPT = 20_000
"""How many requests of the last minutes one area remembers."""

MAX_SERIES = 500
"""How many counters of one name there are: the rules of bundles are fewer, if nobody makes up codes as they go."""

OTHER = "other"
"""What labels say of all counters beyond that."""

REQUESTS = "waooaw_platform_requests_total"
DURATIONS = "waooaw_platform_request_duration_seconds_total"


class ProcessTraffic:
    """The `Traffic` port of one machine: one process counts, and is told of what others answer."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lock = Lock()
        self._answers: dict[tuple[str, str], int] = defaultdict(int)
        self._durations: dict[str, float] = defaultdict(float)
        self._last: dict[str, _Last] = defaultdict(_Last)
        self._counters = Counters()

    def served(self, area: str, status: int, duration_ms: float, at: datetime) -> None:
        """Count one request."""
        with self._lock:
            self._answers[area, f"{status // 100}xx"] += 1
            self._durations[area] += duration_ms
            self._last[area].add(at, -duration_ms if status >= 500 else duration_ms)

    def tally(self, samples: Iterable[Sample]) -> None:
        """Make counters larger by what samples say."""
        with self._lock:
            for one in samples:
                self._counters.add(one)

    def counted(self) -> Sequence[Sample]:
        """Return how many requests were answered and how much was decided since the start, and how long that took."""
        with self._lock:
            answers, durations = dict(self._answers), dict(self._durations)
            others = self._counters.samples()
        told = "Requests answered since the start, by the first digit of the status."
        took = "Seconds spent answering requests since the start."
        return [
            *(
                Sample(REQUESTS, told, n, {"area": area, "status": status}, "counter")
                for (area, status), n in sorted(answers.items())
            ),
            *(
                Sample(DURATIONS, took, ms / 1000, {"area": area}, "counter")
                for area, ms in sorted(durations.items())
            ),
            *others,
        ]

    def recent(self, at: datetime) -> Mapping[str, Recent]:
        """Return the last five minutes, by area."""
        with self._lock:
            last = {area: kept.after(at - WINDOW) for area, kept in self._last.items()}
        return {area: _summed(durations) for area, durations in last.items() if durations}


class Counters:
    """Counters by their names and labels; of one name there are so many at most, and the others are counted as one."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._of: dict[str, dict[tuple[tuple[str, str], ...], Sample]] = defaultdict(dict)

    def add(self, sample: Sample) -> None:
        """Make one larger."""
        own, labels = self._of[sample.name], tuple(sample.labels.items())
        if labels not in own and len(own) >= MAX_SERIES:
            labels = tuple((name, OTHER) for name, _ in labels)
        before = own.get(labels)
        value = sample.value + (before.value if before else 0)
        own[labels] = replace(sample, labels=dict(labels), value=value)

    def samples(self) -> list[Sample]:
        """Return them all."""
        return [one for own in self._of.values() for one in own.values()]


class _Last:
    """The last requests of an area, in the least memory: how long each took, below zero where it failed."""

    def __init__(self) -> None:
        self._times, self._durations = array("d"), array("d")

    def add(self, at: datetime, duration_ms: float) -> None:
        self._times.append(at.timestamp())
        self._durations.append(duration_ms)
        if len(self._times) == 2 * MAX_KEPT:
            del self._times[:MAX_KEPT], self._durations[:MAX_KEPT]

    def after(self, moment: datetime) -> Sequence[float]:
        since = moment.timestamp()
        both = zip(self._times[-MAX_KEPT:], self._durations[-MAX_KEPT:], strict=True)
        return [duration for time, duration in both if time > since]


def _summed(durations: Sequence[float]) -> Recent:
    ordered = sorted(map(abs, durations))
    p95 = ordered[math.ceil(0.95 * len(ordered)) - 1]
    failed = sum(math.copysign(1, duration) < 0 for duration in durations)
    return Recent(len(ordered), failed, round(p95, 1))


class LocalTelemetry:
    """The `Telemetry` port of one machine: its figures are read at ``GET /v1/metrics``."""

    def __init__(self, traffic: ProcessTraffic) -> None:
        """Say who counts."""
        self._traffic = traffic

    def export(self, samples: Sequence[Sample]) -> None:
        """Keep the figures here."""

    def recent(self, at: datetime) -> Mapping[str, Recent]:
        """Return the last five minutes, by area."""
        return self._traffic.recent(at)


class CloudTelemetry:
    """
    The `Telemetry` port on Cloud Monitoring.

    Figures go there by OTLP over HTTP. Requests, which no process can count for all others, come back from there in
    PromQL; they are counted from the log (`infra/watching.py`).
    """

    def __init__(
        self,
        settings: Settings,
        token: Callable[[], str] | None = None,
        monitoring: str = "https://monitoring.googleapis.com",
    ) -> None:
        """Say which deployment the figures are of, and whose token takes them there and back."""
        self._settings, self._token, self._monitoring = settings, token, monitoring

    def export(self, samples: Sequence[Sample]) -> None:
        """
        Send the figures, and return once they are taken.

        Raises:
            ProviderDown: They were not.
        """
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.sdk.metrics.export import MetricExportResult

        from shared.edge.google_token import google_token

        token = (self._token or google_token)()
        exporter = OTLPMetricExporter(
            endpoint=f"{self._settings.telemetry}/v1/metrics",
            headers={
                "Authorization": f"Bearer {token}",
                "X-Goog-User-Project": self._settings.project,
            },
            timeout=TIMEOUT_S,
        )
        taken = exporter.export(self._collected(samples))
        exporter.shutdown()
        if taken is not MetricExportResult.SUCCESS:
            raise ProviderDown("the figures were not taken; they go with the next run")

    def _collected(self, samples: Sequence[Sample]) -> Any:
        """Measure the samples once, as OpenTelemetry does, and return what it would export."""
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import InMemoryMetricReader
        from opentelemetry.sdk.resources import Resource

        reader = InMemoryMetricReader()
        resource = Resource(
            {
                "gcp.project_id": self._settings.project,
                "service.name": "waooaw",
                "service.namespace": "platform",
                "service.instance.id": "figures",
                "deployment.environment.name": self._settings.environment,
            }
        )
        provider = MeterProvider([reader], resource, shutdown_on_exit=False)
        meter = provider.get_meter("waooaw")
        gauges = {one.name: meter.create_gauge(one.name, description=one.says) for one in samples}
        for one in samples:
            gauges[one.name].set(one.value, dict(one.labels))
        data = reader.get_metrics_data()
        provider.shutdown()
        return data

    def recent(self, at: datetime) -> Mapping[str, Recent]:
        """
        Return the last five minutes, by area.

        Raises:
            ProviderDown: Cloud Monitoring does not say.
        """
        requests = self._by_area(f"sum by (area) ({_area(counted('requests', 5))})", at)
        errors = self._by_area(f"sum by (area) ({_area(counted('errors', 5))})", at)
        buckets = f"sum by (area, le) ({_area(counted('latency_bucket', 5))})"
        p95_ms = self._by_area(f"histogram_quantile(0.95, {buckets})", at)
        return {
            area: Recent(round(n), round(errors.get(area, 0)), round(p95_ms.get(area, 0), 1))
            for area, n in requests.items()
            if round(n)
        }

    def _by_area(self, query: str, at: datetime) -> Mapping[str, float]:
        project = path("projects", self._settings.project)
        asked = urlencode({"query": query, "time": at.timestamp()})
        url = f"{self._monitoring}/v1/{project}/location/global/prometheus/api/v1/query?{asked}"
        answer = self._caller.request("GET", url)
        try:
            values = {labels.get("area", ""): n for labels, n in told(answer.status, answer.body)}
        except ValueError as why:
            # It is there, and will say the same the next time: what is wrong is ours, and nobody else would tell.
            log.error("Cloud Monitoring gives no figures of requests: %s", why)  # noqa: TRY400 - it says why
            raise ProviderDown(f"Cloud Monitoring {why}") from why
        return {area: value for area, value in values.items() if area and math.isfinite(value)}

    @cached_property
    def _caller(self) -> Any:
        from shared.edge.google_token import google_token
        from shared.edge.http_client import Caller

        return Caller("monitoring", token=self._token or google_token, timeout_s=5.0)


def counted(figure: str, minutes: int) -> str:
    """
    Return in PromQL by how much a figure of the request log (infra/watching.py) grew in the last minutes.

    A figure that is counted from a log may be about several kinds of resource, and a query that names none is refused
    (https://cloud.google.com/monitoring/promql/promql-mapping).
    """
    metric = f"logging_googleapis_com:user_{figure}"
    return f'increase({metric}{{monitored_resource="{RESOURCE}"}}[{minutes}m])'


def told(status: int, body: bytes) -> Sequence[tuple[Mapping[str, str], float]]:
    """
    Return what a query found, with its labels; a number may be none (NaN).

    Raises:
        ValueError: The answer is none; it says what came.
    """
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if status != 200:
        raise ValueError(f"answered {status}{_reason(answer)}")
    try:
        found = answer["data"]["result"]
        return [(dict(one["metric"]), float(one["value"][1])) for one in found]
    except (LookupError, TypeError, ValueError) as error:
        raise ValueError(f"answered what is no result of a query: {body[:100]!r}") from error


def _reason(answer: object) -> str:
    """Return what a refusal says of itself: in the words of Prometheus, or of Google."""
    said = answer.get("error") if isinstance(answer, dict) else None
    said = said.get("message") if isinstance(said, dict) else said
    return f": {said[:300]}" if isinstance(said, str) and said else ""


def _area(figures: str) -> str:
    """Tell figures by area: what stands before the dot of a route."""
    return f'label_replace({figures}, "area", "$1", "route", "([a-z]+)[.].*")'
