"""
What must hold of alerts: each is silent while all is well, and fires where what its words say is so; and somebody is told.

Each alert is tried on figures of both, minute for minute alike, as Cloud Monitoring reads a threshold: what a filter finds is
brought into one figure a period, the series into one, and the figure is compared
(docs.cloud.google.com/monitoring/alerts/concepts-indepth).
"""

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.figures import OURS, RUNS
from infra.functions import WARM
from infra.graph import configuration
from infra.reading import Check, Graph, of, seconds, told
from infra.stack import Environment

CHANNEL = "monitoring.NotificationChannel"
ALERT = "monitoring.AlertPolicy"

LATE_S = 900
"""After how long an alert is too late: a deployment is watched for so long."""

SECURITY = {
    'logName:"cloudaudit.googleapis.com"',
    "jsonPayload.route:*",
    "jsonPayload.status=401",
    "jsonPayload.status=403",
}
"""What the sink for security takes: who changed the cloud, and of the request log whoever was refused."""

_TERM = re.compile(r'([\w."]+)=(monitoring\.regex\.full_match\()?"([^"]*)"\)?')
_SECURITY = re.compile(r'[\w.]+[:=](?:"[^"]*"|[\w*]+)')

COMPARES: Mapping[str, Callable[[float, float], bool]] = {
    "COMPARISON_GT": operator.gt,
    "COMPARISON_LT": operator.lt,
}
REDUCES: Mapping[str, Callable[[Sequence[float]], float]] = {"REDUCE_SUM": sum, "REDUCE_MAX": max}


@dataclass(frozen=True)
class Series:
    """What Monitoring has of one figure, in each minute the same."""

    about: Mapping[str, str]
    """Its metric, its resource and its labels, as a filter names them."""

    values: Sequence[float]
    """What was counted, or the figure itself, or what was measured each time."""

    @property
    def p95(self) -> float:
        """What 95 of 100 do not exceed."""
        return sorted(self.values)[math.ceil(0.95 * len(self.values)) - 1]


World = Sequence[Series]

ALIGNS: Mapping[str, Callable[[Series, float], float]] = {
    "ALIGN_DELTA": lambda one, minutes: sum(one.values) * minutes,
    "ALIGN_RATE": lambda one, _: sum(one.values) / 60,
    "ALIGN_MAX": lambda one, _: max(one.values),
    "ALIGN_PERCENTILE_95": lambda one, _: one.p95,
}


def alerts_fire_when_they_must(graph: Graph, _: Environment) -> Iterator[str]:
    """An alert is silent while all is well and up to what it allows, and fires as soon as it is more."""
    scenes = _scenes(graph)
    alerts = {one.name: one for one in of(graph, ALERT)}
    yield from (f"there is no alert {name}" for name in sorted(scenes.keys() - alerts.keys()))
    for name, one in alerts.items():
        if name not in scenes:
            yield f"nobody says when the alert {name} fires"
            continue
        asks = [condition["conditionThreshold"] for condition in one.inputs["conditions"]]
        well, *ill = scenes[name]
        if any(_fires(threshold, well) for threshold in asks):
            yield f"the alert {name} fires while all is well"
        if not all(any(_fires(threshold, world) for threshold in asks) for world in ill):
            yield f"the alert {name} is silent where it must not be"
        if any(seconds(threshold["duration"]) > LATE_S for threshold in asks):
            yield f"the alert {name} fires when it is too late"


def _scenes(graph: Graph) -> Mapping[str, Sequence[World]]:
    """Return for each alert what is still well, and then what is not."""
    topics = {one.name: one.inputs["name"] for one in of(graph, "pubsub.Topic")}
    kept = {one.name: one.inputs["name"] for one in of(graph, "pubsub.Subscription")}
    usual = _requests("agents.list_agents", failed=0, slow=100)
    # What was sent is of a minute, and what is allowed is of an hour.
    letters = [
        [_pubsub("topic", "send_message_operation_count", topics["dead-letters"], an_hour / 60)]
        for an_hour in (10, 12)
    ]
    behind = [
        [_pubsub("subscription", "oldest_unacked_message_age", kept["tap--kept"], age_s)]
        for age_s in (600, 601)
    ]
    return {
        "approval-latency": (
            [*usual, *(s for route in sorted(WARM) for s in _requests(route, slow=5))],
            *([*usual, *_requests(route, slow=6)] for route in sorted(WARM)),
        ),
        "errors": tuple(_requests("agents.list_agents", failed=failed) for failed in (1, 2)),
        "many-errors": tuple(_requests("agents.list_agents", failed=failed) for failed in (10, 11)),
        "enforcement-off": (usual, [*usual, *_requests("agents.create_agent", off=1)]),
        "dead-letters": tuple(letters),
        "tap-lag": tuple(behind),
    }


def _requests(route: str, *, failed: int = 0, slow: int = 0, off: int = 0) -> list[Series]:
    """Return what the request log says of a hundred requests, of which some took six seconds."""
    counted = {"requests": [100], "errors": [failed], "enforcement_off": [off]}
    counted["latency"] = [6000] * slow + [100] * (100 - slow)
    about = {"resource.type": RUNS.partition('"')[2].rstrip('"'), "metric.label.route": route}
    return [
        Series({"metric.type": f"{OURS}{name}", **about}, values)
        for name, values in counted.items()
        if any(values)
    ]


def _pubsub(of: str, figure: str, name: str, value: float) -> Series:
    metric = f"pubsub.googleapis.com/{of}/{figure}"
    place = {"resource.type": f"pubsub_{of}", f"resource.label.{of}_id": name}
    return Series({"metric.type": metric, **place}, [value])


def _fires(threshold: Mapping[str, Any], world: World) -> bool:
    figure = _figure(threshold["filter"], threshold["aggregations"], world)
    if figure is not None and threshold.get("denominatorFilter"):
        of = _figure(threshold["denominatorFilter"], threshold["denominatorAggregations"], world)
        figure = figure / of if of else None
    compares = COMPARES[threshold["comparison"]]
    return figure is not None and compares(figure, threshold["thresholdValue"])


def _figure(text: str, aggregations: Sequence[Mapping[str, Any]], world: World) -> float | None:
    """Return what a filter finds, as one figure; none where it finds nothing."""
    (how,) = aggregations
    wanted = _wanted(text)
    found = [one for one in world if all(wanted[m](one.about.get(m, "")) for m in wanted)]
    minutes = seconds(how["alignmentPeriod"]) / 60
    aligned = [ALIGNS[how["perSeriesAligner"]](one, minutes) for one in found]
    return REDUCES[how["crossSeriesReducer"]](aligned) if aligned else None


def _wanted(text: str) -> dict[str, Callable[[str], Any]]:
    """
    Return what a filter asks of each member.

    Raises:
        ValueError: It asks something that is not read here.
    """
    wanted: dict[str, Callable[[str], Any]] = {}
    for term in text.split(" AND "):
        read = _TERM.fullmatch(term)
        if read is None:
            raise ValueError(f"nobody reads {term}")
        member, pattern, value = read.groups()
        wanted[member.replace('"', "")] = re.compile(
            value if pattern else re.escape(value)
        ).fullmatch
    return wanted


def somebody_is_told(graph: Graph, environment: Environment) -> Iterator[str]:
    """Every alert, and the budget, goes to the address that the stack's settings name."""
    right = configuration(environment, "", {})["waooaw:alertsTo"]
    channels = of(graph, CHANNEL)
    for one in channels:
        address = (one.inputs.get("labels") or {}).get("email_address")
        if (one.inputs.get("type"), address) != ("email", right):
            yield f"the channel {one.name} tells {address} and not {right}"
    for one in of(graph, ALERT) + of(graph, "billing.Budget"):
        if not one.fed_by & {channel.urn for channel in channels}:
            yield f"{one.type} {one.name} goes to no channel that there is"


def the_budget_is_of_this_project(graph: Graph, environment: Environment) -> Iterator[str]:
    """A budget is what its stack's settings say, of what this project costs alone, and is told of before it is spent."""
    right = configuration(environment, "", {})["waooaw:monthlyBudget"]
    numbers = {
        told(one)["FUNCTION_ADDRESS"].partition(".")[0].rpartition("-")[2]
        for one in of(graph, "cloudrunv2.Service")
    }
    for one in of(graph, "billing.Budget"):
        has = (one.inputs.get("budgetFilter") or {}).get("projects")
        if has != [f"projects/{number}" for number in sorted(numbers)]:
            yield f"the budget {one.name} is of {has or 'all projects'} and not of this one"
        units = one.inputs["amount"]["specifiedAmount"]["units"]
        shares = [rule["thresholdPercent"] for rule in one.inputs.get("thresholdRules") or ()]
        if units != right or 1.0 not in shares or min(shares) >= 1:
            yield f"the budget {one.name} is told of at {shares} of {units}, and is {right}"


def who_is_refused_is_kept(graph: Graph, _: Environment) -> Iterator[str]:
    """The log of security has whoever changed the cloud, and whoever was refused."""
    for one in of(graph, "logging.ProjectSink"):
        has = set(_SECURITY.findall(one.inputs["filter"]))
        for term in sorted(has ^ SECURITY):
            yield f"the sink {one.name} {'takes' if term in has else 'leaves out'} {term}"


CHECKS: tuple[Check, ...] = (
    alerts_fire_when_they_must,
    somebody_is_told,
    the_budget_is_of_this_project,
    who_is_refused_is_kept,
)
