"""Faults that are sown one by one into figures, alerts and the budget of production: each is found by its check."""

from typing import Any

import pytest

from infra import alerts, checks, figures
from infra.reading import of
from tests.infra.broken import added, changed, noted, without

ALERT = "monitoring.AlertPolicy"
METRIC = "logging.Metric"

FIGURES = figures.figures_count_what_they_say
ASKED = figures.what_is_asked_of_figures_is_told
FIRES = alerts.alerts_fire_when_they_must


def watched(graph, label, old, new):
    """Return the graph with an alert that asks something else."""
    alert = next(one for one in of(graph, ALERT) if one.name == label)
    asks = alert.inputs["conditions"][0]["conditionThreshold"]["filter"]
    assert old in asks
    return judged(graph, label, filter=asks.replace(old, new))


def judged(graph, label, **members):
    """Return the graph with an alert that judges otherwise."""
    more = {f"conditions__0__conditionThreshold__{name}": new for name, new in members.items()}
    return changed(graph, ALERT, label, **more)


SOWN: dict[str, Any] = {
    "a figure is a gauge": (
        FIGURES,
        lambda g: changed(g, METRIC, "errors", metricDescriptor__metricKind="GAUGE"),
        "the figure errors is a GAUGE; what is counted of a log is a DELTA",
    ),
    "a figure measures nothing": (
        FIGURES,
        lambda g: changed(g, METRIC, "latency", metricDescriptor__valueType="INT64"),
        "the figure latency is of INT64, which is not what it takes out of a line",
    ),
    "a label is taken from nowhere": (
        FIGURES,
        lambda g: changed(g, METRIC, "errors", labelExtractors={"path": "EXTRACT(jsonPayload.p)"}),
        "the figure errors tells by route, which is taken from nowhere",
    ),
    "a route is taken for its area": (
        FIGURES,
        lambda g: changed(
            g, METRIC, "errors", labelExtractors={"route": "EXTRACT(jsonPayload.area)"}
        ),
        (
            "the figure errors takes route from EXTRACT(jsonPayload.area)"
            " and not from EXTRACT(jsonPayload.route)"
        ),
    ),
    "the status is taken for a time": (
        FIGURES,
        lambda g: changed(g, METRIC, "latency", valueExtractor="EXTRACT(jsonPayload.status)"),
        (
            "the figure latency measures EXTRACT(jsonPayload.status)"
            " and not EXTRACT(jsonPayload.duration_ms)"
        ),
    ),
    **{
        f"times are measured roughly ({member})": (
            FIGURES,
            lambda g, more={f"bucketOptions__exponentialBuckets__{member}": value}: changed(
                g, METRIC, "latency", **more
            ),
            "the figure latency is measured roughly, or ends before 60 seconds",
        )
        for member, value in (("numFiniteBuckets", 20), ("growthFactor", 10))
    },
    "lines are sought where none are": (
        FIGURES,
        lambda g: changed(
            g, METRIC, "requests", filter='resource.type="global" AND jsonPayload.route:*'
        ),
        "the figure requests counts other lines than it says",
    ),
    "every request is an error": (
        FIGURES,
        lambda g: changed(
            g, METRIC, "errors", filter='resource.type="cloud_run_revision" AND jsonPayload.route:*'
        ),
        "the figure errors counts other lines than it says",
    ),
    "nothing counts errors": (
        FIGURES,
        lambda g: without(g, METRIC, "errors"),
        "nothing counts errors",
    ),
    "an alert asks by a label that is not told": (
        ASKED,
        lambda g: watched(g, "approval-latency", 'metric.label."route"', 'metric.label."path"'),
        (
            "the alert approval-latency asks logging.googleapis.com/user/latency by path,"
            " which it does not tell"
        ),
    ),
    "an alert looks where nothing is": (
        ASKED,
        lambda g: watched(g, "many-errors", "cloud_run_revision", "global"),
        (
            "the alert many-errors asks logging.googleapis.com/user/errors of ['global'],"
            " which is of ['cloud_run_revision']"
        ),
    ),
    "an alert tells nobody": (
        ASKED,
        lambda g: changed(g, ALERT, "errors", notificationChannels=[]),
        "the alert errors tells nobody",
    ),
    **{
        f"the alert {alert} {judges}": (
            FIRES,
            lambda g, alert=alert, judges=judges: judged(g, alert, **judges),
            f"the alert {alert} {how}",
        )
        for how, alert, judges in (
            ("fires while all is well", "errors", {"comparison": "COMPARISON_LT"}),
            ("is silent where it must not be", "errors", {"comparison": "COMPARISON_LT"}),
            ("is silent where it must not be", "errors", {"thresholdValue": 0.02}),
            ("fires while all is well", "many-errors", {"thresholdValue": 0.01}),
            ("is silent where it must not be", "dead-letters", {"thresholdValue": 10_000}),
            ("is silent where it must not be", "tap-lag", {"thresholdValue": 6000}),
            ("fires while all is well", "approval-latency", {"thresholdValue": 50}),
            ("fires when it is too late", "enforcement-off", {"duration": "3600s"}),
        )
    },
    **{
        f"the alert {alert} does not see {old}": (
            FIRES,
            lambda g, alert=alert, old=old: watched(g, alert, old, "none"),
            f"the alert {alert} is silent where it must not be",
        )
        for alert, old in (
            ("tap-lag", "tap--kept"),
            ("dead-letters", "-dead-letters"),
            ("approval-latency", "veto"),
            ("many-errors", "user/errors"),
        )
    },
    "a share is of the failures alone": (
        FIRES,
        lambda g: judged(
            g,
            "errors",
            denominatorFilter=f'metric.type="{figures.OURS}errors" AND {figures.RUNS}',
        ),
        "the alert errors fires while all is well",
    ),
    "an approval is measured by the best": (
        FIRES,
        lambda g: judged(g, "approval-latency", aggregations__0__perSeriesAligner="ALIGN_MAX"),
        "the alert approval-latency fires while all is well",
    ),
    "of an alert nobody says when it fires": (
        FIRES,
        lambda g: added(g, ALERT, "more"),
        "nobody says when the alert more fires",
    ),
    "nobody is told of what falls behind": (
        FIRES,
        lambda g: without(g, ALERT, "tap-lag"),
        "there is no alert tap-lag",
    ),
    "alerts go to somebody else": (
        alerts.somebody_is_told,
        lambda g: changed(
            g,
            "monitoring.NotificationChannel",
            "operators",
            labels={"email_address": "nobody@example.com"},
        ),
        "the channel operators tells nobody@example.com and not operators@example.com",
    ),
    "an alert goes to a channel that there is not": (
        alerts.somebody_is_told,
        lambda g: noted(g, ALERT, "errors", fed_by=frozenset()),
        "monitoring.AlertPolicy errors goes to no channel that there is",
    ),
    "the budget is of all that is paid": (
        alerts.the_budget_is_of_this_project,
        lambda g: changed(g, "billing.Budget", "monthly", budgetFilter=None),
        "the budget monthly is of all projects and not of this one",
    ),
    **{
        f"the budget is told of late ({shares} of {units})": (
            alerts.the_budget_is_of_this_project,
            lambda g, units=units, shares=shares: changed(
                g,
                "billing.Budget",
                "monthly",
                amount={"specifiedAmount": {"units": units}},
                thresholdRules=[{"thresholdPercent": share} for share in shares],
            ),
            f"the budget monthly is told of at {shares} of {units}, and is 100",
        )
        for units, shares in (("100000", [0.7, 1.0]), ("100", [0.7]), ("100", [1.0]))
    },
    "who is refused is not kept": (
        alerts.who_is_refused_is_kept,
        lambda g: changed(
            g,
            "logging.ProjectSink",
            "security",
            filter='logName:"cloudaudit.googleapis.com" OR (jsonPayload.route:* AND jsonPayload.status=401)',
        ),
        "the sink security leaves out jsonPayload.status=403",
    ),
}


@pytest.mark.parametrize("fault", SOWN)
def test_what_is_sown_is_found(prod, fault):
    check, sow, sentence = SOWN[fault]
    assert check in checks.CHECKS
    assert sentence in list(check(sow(prod), "prod"))


def test_an_alert_that_cannot_be_read_is_a_sentence(prod):
    said = checks.findings(judged(prod, "errors", filter="resource.type = other"), "prod")
    assert any("alerts fire when they must" in sentence for sentence in said)
