"""The platform's figures: what is counted, how it is told, and that nobody is named in it."""

import re

import pytest

from functions.platform.create_incident import create_incident
from functions.platform.export_metrics import export_metrics
from functions.platform.get_metrics import get_metrics
from functions.platform.get_stats import get_stats
from functions.platform.probe_services import probe_services
from shared.actors import Role
from shared.deciding import Decision, Obligation, Reason
from shared.edge.decided import counted
from shared.edge.telemetry import MAX_SERIES, OTHER, Counters, ProcessTraffic
from shared.enforcing import Enforcement
from shared.mobile.models.dashboard import DashboardTotals
from shared.observability import Backlog, Memory, NoTraffic, Sample
from shared.platform.actions import figures
from tests.conftest import NOON, FakeRelay, FakeTelemetry
from tests.platform.test_incidents import REPORT
from tests.platform.test_services import Dependencies

NAME = r"waooaw_[a-z]+_[a-z0-9_]+_(total|seconds|ratio)"
LINE = re.compile(
    rf'{NAME}(\{{[a-z_]+="[A-Za-z0-9_.-]+"(,[a-z_]+="[A-Za-z0-9_.-]+")*\}})? [0-9.e+-]+'
)


class Governed:
    """A process in which the canary was let through."""

    def state(self, at):
        return Enforcement(level="off", rule="canary_allowed", since=at, frozen=True)


def decided(n, **said):
    denied = [
        Reason(policy=p, rule=r, message="No.", severity="high") for p, r in said.get("no", ())
    ]
    asked = ("rbac", "limits", "tenant/night:1.0.0#" + "0" * 64)
    return Decision(
        decision_id=f"d-{n}",
        verdict="deny" if denied else said.get("verdict", "allow"),
        reasons=denied,
        obligations=said.get("obligations", ()),
        matched=said.get("matched", ()),
        asked=asked,
        bundle="b",
        engine="opa/1",
        input={},
        input_digest="0" * 64,
        evaluated_at=NOON,
        took_us=said.get("took_us"),
        pep="api_gateway",
    )


SANDBOX = Obligation(type="sandbox_route", source_rule="SBX-01")
DECISIONS = (
    decided(1, matched=("rbac/RBAC-03", "night/late", "night/later"), took_us=900),
    decided(2, matched=("rbac/RBAC-03",), took_us=5_001),
    decided(3, verdict="allow_with_obligations", obligations=(SANDBOX,), took_us=600_000),
    decided(4, no=[("night", "late"), ("night", "later"), ("freeze", "frozen")], took_us=5_000),
)


@pytest.fixture
def told(call_as, reacting):
    create_incident(call_as(Role.ADMIN), REPORT)
    behind = FakeRelay(Backlog(unpublished=7, oldest_at=NOON, overdue=2))
    probe_services(reacting(), Dependencies(), behind, FakeTelemetry())
    traffic = ProcessTraffic()
    for status in (200, 201, 503):
        traffic.served("agents", status, 20.5, NOON)
    for one in DECISIONS:
        traffic.tally(counted(one))
    return get_metrics(call_as(Role.INFRASTRUCTURE_ENGINEER, at=1), Memory(), traffic, Governed())


def test_every_line_is_of_the_text_format_and_has_labels_from_closed_lists_only(told):
    names = set()
    for line in told.splitlines():
        comment = re.fullmatch(rf"# (HELP|TYPE) ({NAME}) (.+)", line)
        names.add(comment[2] if comment else "")
        assert comment or LINE.fullmatch(line), line
    assert told.media_type == "text/plain; version=0.0.4; charset=utf-8"
    assert told.endswith("\n")
    assert len(names) >= 10
    assert REPORT.title not in told


def test_the_figures_are_those_of_the_documents(told):
    lines = set(told.splitlines())
    assert 'waooaw_platform_incidents_total{severity="high"} 1' in lines
    assert "waooaw_events_unpublished_total 7" in lines
    assert "waooaw_events_dues_overdue_total 2" in lines
    assert "waooaw_platform_observation_age_seconds 60.0" in lines
    assert 'waooaw_platform_service_health_ratio{service="agents"} 1.0' in lines
    assert 'waooaw_agents_agents_total{status="deployed"} 0' in lines
    assert "# TYPE waooaw_events_unpublished_total gauge" in lines


def test_requests_are_counted_by_area_and_status(told):
    lines = set(told.splitlines())
    assert 'waooaw_platform_requests_total{area="agents",status="2xx"} 2' in lines
    assert 'waooaw_platform_requests_total{area="agents",status="5xx"} 1' in lines
    assert 'waooaw_platform_request_duration_seconds_total{area="agents"} 0.0615' in lines
    assert "# TYPE waooaw_platform_requests_total counter" in lines


def test_decisions_are_counted_by_verdict_rule_route_and_time(told):
    lines = {one for one in told.splitlines() if one.startswith("waooaw_policy_")}
    gateway = 'pep="api_gateway"'
    assert lines == {
        f'waooaw_policy_decisions_total{{verdict="allow",{gateway},route="production"}} 2',
        f'waooaw_policy_decisions_total{{verdict="deny",{gateway},route="production"}} 1',
        'waooaw_policy_decisions_total{verdict="allow_with_obligations",pep="api_gateway",route="sandbox"} 1',
        f"waooaw_policy_decision_duration_seconds_total{{{gateway}}} 0.610901",
        *(
            f'waooaw_policy_decisions_within_total{{le="{le}"}} {n}'
            for le, n in (("0.001", 1), ("0.005", 2), ("0.025", 3), ("0.1", 3), ("0.5", 3))
        ),
        'waooaw_policy_matched_rules_total{policy="rbac",rule="RBAC-03"} 2',
        'waooaw_policy_matched_rules_total{policy="tenant",rule="tenant"} 1',
        'waooaw_policy_denials_total{policy="tenant",rule="tenant"} 1',
        'waooaw_policy_denials_total{policy="freeze",rule="frozen"} 1',
        'waooaw_policy_obligations_total{type="sandbox_route"} 1',
        *(
            f'waooaw_policy_enforcement_total{{level="{level}"}} {n}'
            for level, n in (("effective", 0), ("degraded", 0), ("off", 1))
        ),
        "waooaw_policy_frozen_total 1",
    }


def test_of_one_name_there_are_so_many_counters_at_most_whatever_codes_rules_make_up():
    counters = Counters()
    for n in range(MAX_SERIES + 20):
        counters.add(Sample("waooaw_x_y_total", "Odd.", 1, {"rule": f"r{n}"}))
    counters.add(Sample("waooaw_x_y_total", "Odd.", 1, {"rule": "r0"}))
    told = {one.labels["rule"]: one.value for one in counters.samples()}
    assert (len(told), told["r0"], told[OTHER]) == (MAX_SERIES + 1, 2, 20)


def test_a_label_is_written_so_that_it_can_be_read_again():
    odd = Sample("waooaw_x_y_total", "Odd.", 1, {"name": 'a"b\\c\nd'})
    assert figures.exposition([odd]).splitlines()[2] == (r'waooaw_x_y_total{name="a\"b\\c\nd"} 1')


def test_they_are_computed_once_a_minute(call_as):
    memory = Memory()
    before = get_metrics(call_as(Role.SERVICE), memory, NoTraffic(), Governed())
    create_incident(call_as(Role.ADMIN), REPORT)
    for at, same in ((0.9, True), (1, False)):
        later = get_metrics(call_as(Role.SERVICE, at=at), memory, NoTraffic(), Governed())
        assert (later == before) is same


def test_what_is_exported_is_what_is_told(reacting):
    telemetry = FakeTelemetry()
    export_metrics(reacting(), telemetry)
    names = {sample.name for sample in telemetry.samples}
    assert "waooaw_approvals_pending_total" in names


def test_the_last_five_minutes_are_those_and_no_more():
    traffic = ProcessTraffic()
    at = NOON.replace(hour=13)
    traffic.served("agents", 500, 9999, NOON)
    for n in range(100):
        traffic.served("agents", 503 if n < 5 else 200, n + 1, at)
    seen = traffic.recent(at)
    assert set(seen) == {"agents"}
    assert (seen["agents"].requests, seen["agents"].failures, seen["agents"].p95_ms) == (100, 5, 95)


def test_the_dashboard_says_null_of_what_does_not_exist(call_as, documents):
    with call_as().transaction() as txn:
        txn.create(DashboardTotals(id="0", active_agents=3, pending_approvals=2))
    stats = get_stats(call_as(Role.VIEWER), Memory())
    assert (stats.active_agents, stats.pending_approvals, stats.open_incidents) == (3, 2, 0)
    absent = (stats.trials_active, stats.mrr, stats.budget_pct, stats.compliance_score)
    assert absent == (None, None, None, None)
