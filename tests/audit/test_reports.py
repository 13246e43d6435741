"""Reports: entries about what changed no entity."""

from datetime import timedelta
from typing import get_args
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from functions.audit.append_entries import append_entries
from shared.actors import PLATFORM, Role
from shared.audit.events import Reported
from shared.audit.models import Refs, Report, ReportCategory
from shared.audit.rules import reports
from shared.documents import Query
from shared.entity import Category
from shared.errors import Conflict, Invalid
from shared.evidence import REFS, Entry
from shared.identity.rules.principals import principal
from tests.conftest import NOON


def report(**changes):
    example = Report.model_config["json_schema_extra"]["examples"][0]
    return Report.model_validate(example | changes)


@pytest.fixture
def entries(documents):
    def all_entries():
        found = documents.find(PLATFORM, Query(Entry.collection))
        return sorted(
            (Entry.model_validate(snapshot.data) for snapshot in found), key=lambda e: e.eseq
        )

    return all_entries


def test_a_report_is_entered_on_the_callers_own_stream(call_as, entries):
    entered = append_entries(call_as(Role.SERVICE), report())
    [entry] = entries()
    assert entry.entity == entered.entity == "principals/service"
    assert (entry.action, entry.category) == ("reported.skill.completed", "agent_action_complete")
    assert entry.data["about"] == report().entity
    assert entry.data["data"] == report().data
    assert entry.refs == {"reported_agent_id": report().refs.agent_id}
    assert entry.topic is None
    assert (entered.eseq, entered.entry_hash) == (1, entry.hash)


def test_a_report_says_how_it_went(call_as, entries):
    failed = report(action="skill.failed", outcome="failure", severity="error")
    append_entries(call_as(Role.SERVICE), failed)
    [entry] = entries()
    assert (entry.action, entry.outcome, entry.severity) == (
        "reported.skill.failed",
        "failure",
        "error",
    )
    assert (Reported.traits.action, Reported.traits.severity) == ("audit.reported", "info")


def test_reports_of_one_caller_are_one_chain(call_as, entries, breaks):
    for minute in range(3):
        append_entries(call_as(Role.SERVICE, at=minute), report(id=str(uuid4())))
    assert [entry.eseq for entry in entries()] == [1, 2, 3]
    assert breaks() == []


def test_the_same_report_again_is_one_entry(call_as, entries):
    first = append_entries(call_as(Role.SERVICE), report())
    assert append_entries(call_as(Role.SERVICE, at=1), report()) == first
    assert len(entries()) == 1


def test_an_id_belongs_to_one_report(call_as):
    append_entries(call_as(Role.SERVICE), report())
    with pytest.raises(Conflict) as refused:
        append_entries(call_as(Role.SERVICE), report(severity="error"))
    assert refused.value.violations[0].rule == "event_id_conflict"


@pytest.mark.parametrize(
    "change",
    [
        {"data": {"who": "kim@example.com"}},
        {"data": {"kim@example.com": 1}},
        {"data": {"deep": [{"who": "kim@example.com"}]}},
        {"refs": {"customer_id": "kim@example.com"}},
    ],
)
def test_what_is_not_masked_is_refused_and_not_repeated(call_as, entries, change):
    with pytest.raises(Invalid) as refused:
        append_entries(call_as(Role.SERVICE), report(**change))
    assert refused.value.violations[0].rule == "unmasked_data"
    assert "kim" not in refused.value.detail
    assert entries() == []


def test_no_ref_of_a_report_is_one_of_the_platforms_own(call_as, entries):
    refs = dict.fromkeys(Refs.model_fields, "an-id")
    append_entries(call_as(Role.SERVICE), report(refs=refs))
    [entry] = entries()
    assert entry.refs == {f"reported_{name}": "an-id" for name in REFS}
    assert not set(entry.data) & set(REFS)


@pytest.mark.parametrize(
    "category", sorted(set(get_args(Category)) - set(get_args(ReportCategory)))
)
def test_what_the_platform_decides_is_no_category_of_a_report(category):
    with pytest.raises(ValidationError):
        report(category=category)


@pytest.mark.parametrize(
    ("action", "category"),
    [
        ("workflow.verdict_recorded", "agent_action_complete"),
        ("workflow.stage_settled", "agent_action_complete"),
        ("workflow.ended", "agent_action_complete"),
        ("message.sent", "external_communication"),
    ],
)
def test_what_is_reported_under_a_name_of_the_platform_is_not_called_so(
    call_as, entries, action, category
):
    append_entries(call_as(Role.SERVICE), report(action=action, category=category))
    [entry] = entries()
    assert entry.action == f"reported.{action}"


@pytest.mark.parametrize(
    "action",
    [
        "approval.granted",
        "rollback.completed",
        "reported.skill.completed",
        "veto.recorded",
        "agent.state_changed",
        "policy.denied",
    ],
)
def test_what_an_operation_does_is_not_for_others_to_report(action):
    with pytest.raises(Invalid) as refused:
        reports.reported(report(action=action), at=NOON)
    assert refused.value.violations[0].rule == "not_reportable"


@given(st.integers(-600, 600))
def test_a_report_that_is_more_than_five_minutes_off_is_marked(seconds):
    at = NOON + timedelta(seconds=seconds)
    assert reports.reported(report(), at=at).skewed == (abs(seconds) > 300)


def test_a_report_needs_no_time():
    assert not reports.reported(report(occurred_at=None), at=NOON).skewed


@pytest.mark.parametrize(
    "change",
    [
        {"id": "1"},
        {"id": "5f0c9a52-8a5e-1a0e-9d5b-0b6f5a3c1d2e"},
        {"entity": "agents"},
        {"action": "Skill Done"},
        {"category": "gossip"},
        {"data": {"share": 0.5}},
        {"data": {"text": "x" * 17_000}},
        {"occurred_at": "2026-01-01T12:00:00"},
    ],
)
def test_a_malformed_report_is_refused(change):
    with pytest.raises(ValidationError):
        report(**change)


def test_what_was_not_entered_is_not_remembered():
    with pytest.raises(ValueError, match="no stream"):
        reports.kept(report(), principal("service", PLATFORM, NOON))
