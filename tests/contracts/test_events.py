"""Events: one catalogue, each name announced by whom may, and nobody waits for what never comes."""

import re

import pytest

from shared.audit.events import Reported
from shared.edge.catalog import catalog, reactions
from shared.entity import Event
from shared.evidence import REFS, REPORTED

TOPICS = {
    "genesis-events",
    "agent-events",
    "manifest-events",
    "approval-requests",
    "approval-decisions",
    "seed-events",
    "policy-events",
    "violations",
    "automation-events",
    "execution-events",
    "audit-events",
    "trial-events",
    "billing-events",
    "integration-events",
    "case-events",
    "designer-events",
    "notification-events",
    "operations-events",
}

SHARED = {
    # The papers of a veto are uploaded by phone, and kept where phones are.
    "veto": ["approvals", "mobile"],
    # Who is denied has a stream of their own, which identity keeps.
    "policy": ["identity", "policy"],
}
"""Families that two areas announce, and why."""


def kinds(base=Event):
    for kind in base.__subclasses__():
        yield kind
        yield from kinds(kind)


def announced():
    catalog()
    return [k for k in kinds() if k.__module__.startswith("shared.") and k.traits.action]


def test_an_event_has_a_name_and_a_topic_of_the_catalogue():
    wrong = [
        f"{kind.__name__}: {kind.traits.action} on {kind.traits.topic}"
        for kind in announced()
        if not re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", kind.traits.action)
        or kind.traits.topic not in {None, *TOPICS}
    ]
    assert not wrong, f"name it area.happened, on one of {sorted(TOPICS)}: {wrong}"


def test_an_event_that_says_no_category_is_named():
    with pytest.raises(TypeError, match="the head of Sudden says no category"):

        class Sudden(Event, action="something.happened"):
            """It happened."""


def test_no_two_events_share_a_name():
    for kind in announced():
        for other in announced():
            assert (
                kind.traits.action != other.traits.action
                or issubclass(kind, other)
                or issubclass(other, kind)
            )


def test_a_family_of_events_is_one_areas():
    """An area announces its own families and no others (events.md section 3)."""
    areas = {}
    for kind in announced():
        family, area = kind.traits.action.partition(".")[0], kind.__module__.split(".")[1]
        areas.setdefault(family, set()).add(area)
    shared = {family: sorted(found) for family, found in areas.items() if len(found) > 1}
    assert shared == SHARED, "name it after its area, or say in SHARED why two have one family"


def test_nothing_that_the_platform_does_is_called_as_what_is_reported():
    """Whoever looks for what the platform did finds no report, and the reverse."""
    deceiving = [k.__name__ for k in announced() if k.traits.action.startswith(REPORTED)]
    assert not deceiving, f"reports alone are called {REPORTED}…: {deceiving}"
    reported = {f"reported_{name}" for name in REFS}
    assert reported <= Reported.model_fields.keys()
    assert not set(REFS) & Reported.model_fields.keys(), "a report is found by refs of its own"
    mixed = [
        k.__name__ for k in announced() if k is not Reported and reported & k.model_fields.keys()
    ]
    assert not mixed, f"what the platform does is not found among reports: {mixed}"


def test_a_reaction_has_one_cause():
    for reaction in reactions():
        by_clock = [reaction.every, reaction.schedule]
        causes = [reaction.on, reaction.due, *by_clock, reaction.stored, reaction.undelivered]
        assert sum(bool(cause) for cause in causes) == 1, f"{reaction.id} has {causes}"


def test_a_promise_is_kept_by_one_reaction():
    """It is one document, which is gone once it was kept: a second reaction to it would be passed by, or the first."""
    keeping: dict[str, list[str]] = {}
    for reaction in reactions():
        if reaction.due:
            keeping.setdefault(reaction.due.traits.action, []).append(reaction.id)
    assert {due: ids for due, ids in keeping.items() if len(ids) > 1} == {}


def test_what_a_reaction_listens_to_is_published_to_one_topic():
    for reaction in reactions():
        topics = {event.traits.topic for event in reaction.on}
        one = reaction.topic is not None and topics == {reaction.topic}
        assert one or not reaction.on, f"{reaction.id} listens to {topics}: make one for each"
