"""What is watched: alerts that can be made where they are, whose words lead to a runbook, and a budget or none."""

import re
from pathlib import Path

import pytest

from infra.graph import IMAGE, planned
from infra.watching import ALERTS, COUNTED


def of(graph, type):
    return [one for one in graph if one.type == type]


def test_an_alert_waits_for_its_figures_and_for_all_that_takes_long(graph):
    """A figure is unknown to Monitoring for up to ten minutes; whoever deploys has it made first."""
    (door,) = of(graph, "apigateway.Gateway")
    figures = {one.name: one.urn for one in of(graph, "logging.Metric")}
    assert figures.keys() == {*COUNTED, "latency"}
    for alert in of(graph, "monitoring.AlertPolicy"):
        named = set(re.findall(r"logging.googleapis.com/user/(\w+)", str(alert.inputs)))
        assert {figures[name] for name in named} | {door.urn} <= alert.after, alert.name


def test_a_figure_waits_for_nothing_but_services(graph):
    """So it can be made with the foundations."""
    services = {one.urn for one in of(graph, "projects.Service")}
    for figure in of(graph, "logging.Metric"):
        assert {urn for urn in figure.after if "pulumi:Stack" not in urn} <= services


def test_the_words_of_an_alert_lead_to_a_runbook(graph, environment):
    at = "https://github.com/waooaw/waooaw/blob/main/" if environment == "prod" else ""
    alerts = of(graph, "monitoring.AlertPolicy")
    assert {one.name for one in alerts} == ALERTS.keys()
    for alert in alerts:
        severity, says, runbook = ALERTS[alert.name]
        assert alert.inputs["severity"] == severity
        assert Path(f"docs/runbooks/{runbook}.md").exists(), f"{alert.name} leads nowhere"
        said = alert.inputs["documentation"]["content"]
        assert said == f"{says} What to do: {at}docs/runbooks/{runbook}.md"


def test_the_budget_is_in_whatever_currency_its_billing_account_is(graph):
    (budget,) = of(graph, "billing.Budget")
    assert budget.inputs["amount"] == {"specifiedAmount": {"units": "100"}}
    assert budget.inputs["budgetFilter"] == {"projects": ["projects/100000000001"]}
    served = {one.inputs["service"]: one.urn for one in of(graph, "projects.Service")}
    assert served["billingbudgets.googleapis.com"] in budget.after


def test_who_may_make_no_budget_leaves_it_out(plan):
    assert not of(plan("dev", monthlyBudget="none", billingAccount=""), "billing.Budget")


def test_a_budget_that_is_no_number_is_refused():
    with pytest.raises(SystemExit, match="monthlyBudget"):
        planned("dev", IMAGE, {"waooaw:monthlyBudget": "fifty"})
