"""What is watched: the request log as figures, alerts on what was promised, a dashboard, sinks, and the budget."""

import json
from collections.abc import Sequence
from typing import Any

import pulumi
from pulumi_gcp import apigateway, billing, logging, monitoring, storage

from infra.buckets import Buckets
from infra.messages import DEAD_LETTERS
from infra.stack import Stack
from shared.bus import TAP
from shared.edge.telemetry import RESOURCE

HOT_DAYS = 14
REQUESTS = f'resource.type="{RESOURCE}" AND jsonPayload.route:*'
"""The one line that each request and each reaction leaves (shared/edge/logs.py)."""

COUNTED = {
    "requests": (REQUESTS, "Requests and reactions, by route."),
    "errors": (f"{REQUESTS} AND jsonPayload.status>=500", "Those that failed on our side."),
    "decisions": (
        f"{REQUESTS} AND jsonPayload.verdict:*",
        "Decisions of the rules on changes, by route, verdict and the rule that a no is by.",
    ),
    "enforcement_off": (
        f'{REQUESTS} AND jsonPayload.code="enforcement_unavailable"',
        "Refused because the constitution could not be enforced.",
    ),
}
"""What is counted of the request log: its filter, and what it says."""

SECURITY = (
    'logName:"cloudaudit.googleapis.com"'
    " OR (jsonPayload.route:* AND (jsonPayload.status=401 OR jsonPayload.status=403))"
)
"""Who changed the cloud, and who was refused."""

APPROVALS = "approvals[.].*|mobile[.](approve|veto|request_changes)_.*"
APPROVAL_P95_MS = 5000
DEAD_LETTERS_AN_HOUR = 10
TAP_LAG_S = 600
BUDGET_SHARES = (0.7, 0.85, 1.0)

ALERTS = {
    "approval-latency": (
        "ERROR",
        "More than 5 of 100 approvals take longer than five seconds.",
        "scaling",
    ),
    "errors": ("WARNING", "More than one request in a hundred fails.", "incident"),
    "many-errors": (
        "CRITICAL",
        "More than one request in ten fails; after a deployment it is the deployment.",
        "rollback",
    ),
    "enforcement-off": (
        "CRITICAL",
        "Nothing can be changed: the rules cannot be enforced.",
        "incident",
    ),
    "dead-letters": (
        "ERROR",
        "More than ten messages of one hour could not be delivered.",
        "incident",
    ),
    "tap-lag": ("ERROR", "The witness of the evidence is ten minutes behind.", "incident"),
}
"""How grave each alert is, what it says, and which runbook says what to do."""


def declare(stack: Stack, buckets: Buckets, door: apigateway.Gateway) -> None:
    """
    Declare the figures, the alerts, the dashboard, the sinks and the budget.

    An alert on a figure that is new is refused for up to ten minutes (hashicorp/terraform-provider-google#11102). So
    alerts come last, after the *door*, and figures come first: whoever deploys has them made with the foundations.
    """
    channel = monitoring.NotificationChannel(
        "operators",
        display_name="operators",
        type="email",
        labels={"email_address": stack.alerts_to},
    )
    _alerts(stack, channel, [*_figures(), door])
    monitoring.Dashboard("waooaw", dashboard_json=json.dumps(_dashboard(stack)))
    _sinks(stack, buckets.log)
    _budget(stack, channel)


def _figures() -> list[logging.Metric]:
    by_route = logging.MetricMetricDescriptorLabelArgs(key="route", value_type="STRING")
    extracted = {"route": "EXTRACT(jsonPayload.route)"}
    more = {"decisions": ("verdict", "rule")}
    figures = [
        logging.Metric(
            name,
            name=name,
            description=says,
            filter=which,
            label_extractors=extracted
            | {label: f"EXTRACT(jsonPayload.{label})" for label in more.get(name, ())},
            metric_descriptor=logging.MetricMetricDescriptorArgs(
                metric_kind="DELTA",
                value_type="INT64",
                labels=[
                    by_route,
                    *(
                        logging.MetricMetricDescriptorLabelArgs(key=label, value_type="STRING")
                        for label in more.get(name, ())
                    ),
                ],
            ),
        )
        for name, (which, says) in COUNTED.items()
    ]
    latency = logging.Metric(
        "latency",
        name="latency",
        description="How long each took, in milliseconds, by route.",
        filter=REQUESTS,
        value_extractor="EXTRACT(jsonPayload.duration_ms)",
        label_extractors=extracted,
        metric_descriptor=logging.MetricMetricDescriptorArgs(
            metric_kind="DELTA", value_type="DISTRIBUTION", unit="ms", labels=[by_route]
        ),
        bucket_options=logging.MetricBucketOptionsArgs(
            exponential_buckets=logging.MetricBucketOptionsExponentialBucketsArgs(
                num_finite_buckets=40, growth_factor=1.3, scale=5
            )
        ),
    )
    return [*figures, latency]


def _alerts(
    stack: Stack, channel: monitoring.NotificationChannel, after: Sequence[pulumi.Resource]
) -> None:
    Threshold = monitoring.AlertPolicyConditionConditionThresholdArgs  # noqa: N806 - it is a class
    approvals = Threshold(
        filter=f'{_ours("latency")} AND metric.label."route"=monitoring.regex.full_match("{APPROVALS}")',
        comparison="COMPARISON_GT",
        threshold_value=APPROVAL_P95_MS,
        duration="300s",
        aggregations=[_aligned("ALIGN_PERCENTILE_95", "REDUCE_MAX", 300)],
    )
    off = Threshold(
        filter=_ours("enforcement_off"),
        comparison="COMPARISON_GT",
        threshold_value=0,
        duration="0s",
        aggregations=[_aligned("ALIGN_DELTA", "REDUCE_SUM", 60)],
    )
    dead = Threshold(
        filter=(
            'metric.type="pubsub.googleapis.com/topic/send_message_operation_count"'
            f' AND resource.type="pubsub_topic" AND resource.label.topic_id="{stack.topic(DEAD_LETTERS)}"'
        ),
        comparison="COMPARISON_GT",
        threshold_value=DEAD_LETTERS_AN_HOUR,
        duration="0s",
        aggregations=[_aligned("ALIGN_DELTA", "REDUCE_SUM", 3600)],
    )
    lag = Threshold(
        filter=(
            'metric.type="pubsub.googleapis.com/subscription/oldest_unacked_message_age"'
            ' AND resource.type="pubsub_subscription"'
            f' AND resource.label.subscription_id="{stack.subscription(TAP, "kept")}"'
        ),
        comparison="COMPARISON_GT",
        threshold_value=TAP_LAG_S,
        duration="300s",
        aggregations=[_aligned("ALIGN_MAX", "REDUCE_MAX", 60)],
    )
    conditions = {
        "approval-latency": approvals,
        "errors": _error_share(0.01),
        "many-errors": _error_share(0.1),
        "enforcement-off": off,
        "dead-letters": dead,
        "tap-lag": lag,
    }
    for name, (severity, says, runbook) in ALERTS.items():
        monitoring.AlertPolicy(
            name,
            display_name=name,
            combiner="OR",
            severity=severity,
            conditions=[
                monitoring.AlertPolicyConditionArgs(
                    display_name=says, condition_threshold=conditions[name]
                )
            ],
            documentation=monitoring.AlertPolicyDocumentationArgs(
                content=f"{says} What to do: {stack.document(f'runbooks/{runbook}.md')}",
                mime_type="text/markdown",
            ),
            notification_channels=[channel.name],
            opts=pulumi.ResourceOptions(depends_on=list(after)),
        )


def _error_share(share: float) -> monitoring.AlertPolicyConditionConditionThresholdArgs:
    rate = _aligned("ALIGN_DELTA", "REDUCE_SUM", 300)
    return monitoring.AlertPolicyConditionConditionThresholdArgs(
        filter=_ours("errors"),
        denominator_filter=_ours("requests"),
        comparison="COMPARISON_GT",
        threshold_value=share,
        duration="300s",
        aggregations=[rate],
        denominator_aggregations=[
            monitoring.AlertPolicyConditionConditionThresholdDenominatorAggregationArgs(
                alignment_period="300s",
                per_series_aligner="ALIGN_DELTA",
                cross_series_reducer="REDUCE_SUM",
            )
        ],
    )


def _ours(metric: str) -> str:
    return f'metric.type="logging.googleapis.com/user/{metric}" AND resource.type="{RESOURCE}"'


def _aligned(
    aligner: str, reducer: str, period_s: int
) -> monitoring.AlertPolicyConditionConditionThresholdAggregationArgs:
    return monitoring.AlertPolicyConditionConditionThresholdAggregationArgs(
        alignment_period=f"{period_s}s", per_series_aligner=aligner, cross_series_reducer=reducer
    )


def _dashboard(stack: Stack) -> dict[str, Any]:
    def chart(title: str, which: str, aligner: str, reducer: str, by: str) -> dict[str, Any]:
        aggregation = {
            "alignmentPeriod": "300s",
            "perSeriesAligner": aligner,
            "crossSeriesReducer": reducer,
            "groupByFields": [by],
        }
        query = {"timeSeriesFilter": {"filter": which, "aggregation": aggregation}}
        return {"title": title, "xyChart": {"dataSets": [{"timeSeriesQuery": query}]}}

    route = 'metric.label."route"'
    waiting = (
        'metric.type="pubsub.googleapis.com/subscription/num_undelivered_messages"'
        ' AND resource.type="pubsub_subscription"'
    )
    return {
        "displayName": f"WAOOAW {stack.environment}",
        "gridLayout": {
            "columns": "2",
            "widgets": [
                chart("Requests", _ours("requests"), "ALIGN_RATE", "REDUCE_SUM", route),
                chart("Errors", _ours("errors"), "ALIGN_RATE", "REDUCE_SUM", route),
                chart(
                    "Latency, p95 in ms",
                    _ours("latency"),
                    "ALIGN_PERCENTILE_95",
                    "REDUCE_MAX",
                    route,
                ),
                chart(
                    "Decisions of the rules",
                    _ours("decisions"),
                    "ALIGN_RATE",
                    "REDUCE_SUM",
                    'metric.label."verdict"',
                ),
                chart(
                    "Denials, by rule",
                    f'{_ours("decisions")} AND metric.label."verdict"="deny"',
                    "ALIGN_RATE",
                    "REDUCE_SUM",
                    'metric.label."rule"',
                ),
                chart(
                    "Messages that wait",
                    waiting,
                    "ALIGN_MAX",
                    "REDUCE_SUM",
                    "resource.label.subscription_id",
                ),
            ],
        },
    }


def _sinks(stack: Stack, bucket: storage.Bucket) -> None:
    logging.ProjectBucketConfig(
        "hot",
        project=stack.project,
        location="global",
        bucket_id="_Default",
        retention_days=HOT_DAYS,
    )
    sink = logging.ProjectSink(
        "security",
        name="security",
        destination=pulumi.Output.concat("storage.googleapis.com/", bucket.name),
        filter=SECURITY,
        unique_writer_identity=True,
    )
    storage.BucketIAMMember(
        "sink-security",
        bucket=bucket.name,
        role="roles/storage.objectCreator",
        member=sink.writer_identity,
    )


def _budget(stack: Stack, channel: monitoring.NotificationChannel) -> None:
    """Declare the budget, in the currency of its billing account: Google takes no other, and that one if none is named."""
    if stack.monthly_budget is None:
        pulumi.log.warn(
            "there is no budget: nobody is told what a month costs (waooaw:monthlyBudget)"
        )
        return
    billing.Budget(
        "monthly",
        billing_account=stack.billing_account,
        display_name=f"waooaw {stack.environment}, monthly",
        budget_filter=billing.BudgetBudgetFilterArgs(projects=[f"projects/{stack.project_number}"]),
        amount=billing.BudgetAmountArgs(
            specified_amount=billing.BudgetAmountSpecifiedAmountArgs(
                units=str(stack.monthly_budget)
            )
        ),
        threshold_rules=[
            billing.BudgetThresholdRuleArgs(threshold_percent=share) for share in BUDGET_SHARES
        ],
        all_updates_rule=billing.BudgetAllUpdatesRuleArgs(
            monitoring_notification_channels=[channel.name], disable_default_iam_recipients=False
        ),
    )
