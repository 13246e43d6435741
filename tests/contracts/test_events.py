"""Events: one catalogue, each name announced by whom may, and nobody waits for what never comes."""

import re

import pytest

from shared.edge.catalog import catalog, reactions
from shared.entity import Event
from shared.reaction import Reaction

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


def kinds(base=Event):
    for kind in base.__subclasses__():
        yield kind
        yield from kinds(kind)


def announced():
    catalog()
    return [k for k in kinds() if k.__module__.startswith("shared.") and k.traits.action]


@pytest.mark.parametrize("kind", announced(), ids=lambda kind: kind.traits.action)
def test_an_event_has_a_name_and_a_topic_of_the_catalogue(kind):
    assert re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", kind.traits.action)
    assert kind.traits.topic is None or kind.traits.topic in TOPICS


def test_no_two_events_share_a_name():
    for kind in announced():
        for other in announced():
            assert (
                kind.traits.action != other.traits.action
                or issubclass(kind, other)
                or issubclass(other, kind)
            )


@pytest.mark.parametrize("reaction", reactions(), ids=lambda reaction: reaction.id)
def test_a_reaction_has_one_cause(reaction):
    causes = [reaction.on, reaction.due, reaction.every, reaction.stored, reaction.undelivered]
    assert sum(bool(cause) for cause in causes) == 1


@pytest.mark.parametrize("reaction", reactions(), ids=lambda reaction: reaction.id)
def test_what_a_reaction_listens_to_is_published_to_one_topic(reaction: Reaction):
    if reaction.on:
        assert {event.traits.topic for event in reaction.on} == {reaction.topic}
        assert reaction.topic is not None
