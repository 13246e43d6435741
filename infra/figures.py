"""What must hold of figures and of alerts: what they count is there, and each label that is asked for is told."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from infra.graph import Resource
from infra.reading import Check, Graph, of, said
from infra.stack import Environment

OURS = "logging.googleapis.com/user/"
RUNS = 'resource.type="cloud_run_revision"'
"""What leaves the lines of the request log: functions are services of Cloud Run."""

RESOURCES: Mapping[str, str] = {
    OURS: "cloud_run_revision",
    "pubsub.googleapis.com/subscription/": "pubsub_subscription",
    "pubsub.googleapis.com/topic/": "pubsub_topic",
}
"""Of which resource a figure is, by how its name begins; Monitoring finds none under another."""

COUNTS: Mapping[str, frozenset[str]] = {
    "requests": frozenset(),
    "errors": frozenset({"jsonPayload.status>=500"}),
    "decisions": frozenset({"jsonPayload.verdict:*"}),
    "enforcement_off": frozenset({'jsonPayload.code="enforcement_unavailable"'}),
    "latency": frozenset(),
}
"""What each figure counts of the lines that have a route."""

TELLS: Mapping[str, str] = {
    label: f"EXTRACT(jsonPayload.{label})" for label in ("route", "verdict", "rule")
}
MEASURES: Mapping[str, str] = {"latency": "EXTRACT(jsonPayload.duration_ms)"}
"""Where in a line (shared/edge/logs.py) each label stands, and what a figure measures."""

LONGEST_MS, FINE = 60_000, 1.5
"""How long a request takes at most, and how far apart two bounds of what is measured may be: else nobody knows its 95 of 100."""

_METRIC = re.compile(r'metric\.type="([^"]+)"')
_RESOURCE = re.compile(r'resource\.type="([^"]+)"')
_LABEL = re.compile(r'metric\.labels?\."?(\w+)')


def figures_count_what_they_say(graph: Graph, _: Environment) -> Iterator[str]:
    """A figure counts exactly its lines of the request log, and tells each of its labels."""
    figures = {one.name: one for one in of(graph, "logging.Metric")}
    yield from (f"nothing counts {name}" for name in sorted(COUNTS.keys() - figures.keys()))
    for name, one in figures.items():
        if name not in COUNTS:
            yield f"nobody says what the figure {name} counts"
            continue
        if set(one.inputs["filter"].split(" AND ")) != {RUNS, "jsonPayload.route:*", *COUNTS[name]}:
            yield f"the figure {name} counts other lines than it says"
        described = one.inputs["metricDescriptor"]
        if described.get("metricKind") != "DELTA":
            yield f"the figure {name} is a {described.get('metricKind')}; what is counted of a log is a DELTA"
        measures = one.inputs.get("valueExtractor")
        if measures != MEASURES.get(name):
            yield f"the figure {name} measures {measures} and not {MEASURES.get(name)}"
        if measures and not _fine(one):
            yield f"the figure {name} is measured roughly, or ends before {LONGEST_MS // 1000} seconds"
        if described.get("valueType") != ("DISTRIBUTION" if measures else "INT64"):
            yield f"the figure {name} is of {described.get('valueType')}, which is not what it takes out of a line"
        yield from _told(one)


def _told(figure: Resource) -> Iterator[str]:
    """Say what is wrong with the labels of a figure."""
    name, labels = figure.name, _labels(figure)
    told = figure.inputs.get("labelExtractors") or {}
    for label, place in sorted(told.items()):
        if place != TELLS.get(label):
            yield f"the figure {name} takes {label} from {place} and not from {TELLS.get(label)}"
    for label in sorted(labels ^ told.keys()):
        what = "is taken from nowhere" if label in labels else "is no label of it"
        yield f"the figure {name} tells by {label}, which {what}"


def what_is_asked_of_figures_is_told(graph: Graph, _: Environment) -> Iterator[str]:
    """What an alert or the dashboard asks of a figure is of its resource and by its labels, or it never sees anything."""
    labels = {one.inputs["name"]: _labels(one) for one in of(graph, "logging.Metric")}
    for one in of(graph, "monitoring.AlertPolicy"):
        if not one.inputs.get("notificationChannels"):
            yield f"the alert {one.name} tells nobody"
        yield from _asked(f"the alert {one.name}", one.inputs, labels)
    for one in of(graph, "monitoring.Dashboard"):
        yield from _asked("the dashboard", json.loads(one.inputs["dashboardJson"]), labels)


def _labels(metric: Resource) -> set[str]:
    return {label["key"] for label in metric.inputs["metricDescriptor"].get("labels") or ()}


def _fine(metric: Resource) -> bool:
    bounds = (metric.inputs.get("bucketOptions") or {}).get("exponentialBuckets") or {}
    growth = bounds.get("growthFactor", 0)
    ends_ms = bounds.get("scale", 0) * growth ** bounds.get("numFiniteBuckets", 0)
    return bool(1 < growth <= FINE and ends_ms >= LONGEST_MS)


def _asked(who: str, asks: Any, labels: Mapping[str, set[str]]) -> Iterator[str]:
    for member, text in said(asks):
        if not member.lower().endswith("filter"):
            continue
        metrics, resources = _METRIC.findall(text), _RESOURCE.findall(text)
        wanted = [kind for begins, kind in RESOURCES.items() if metrics[0].startswith(begins)]
        if resources != wanted:
            yield f"{who} asks {metrics[0]} of {resources}, which is of {wanted}"
        has = labels.get(metrics[0].removeprefix(OURS))
        for label in _LABEL.findall(text):
            if has is not None and label not in has:
                yield f"{who} asks {metrics[0]} by {label}, which it does not tell"
    # A chart is by the fields beside its filter, of which the dashboard has none but its figures'.
    for member, text in said(asks):
        for label in _LABEL.findall(text) if member == "groupByFields" else ():
            if not any(label in has for has in labels.values()):
                yield f"{who} is by {label}, which no figure tells"


CHECKS: tuple[Check, ...] = (figures_count_what_they_say, what_is_asked_of_figures_is_told)
