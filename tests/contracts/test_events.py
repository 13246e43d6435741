"""Events: one catalogue, each name announced by whom may, and nobody waits for what never comes."""

import re

from shared.edge.catalog import catalog, reactions
from shared.entity import Event

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


def test_an_event_has_a_name_and_a_topic_of_the_catalogue():
    wrong = [
        f"{kind.__name__}: {kind.traits.action} on {kind.traits.topic}"
        for kind in announced()
        if not re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", kind.traits.action)
        or kind.traits.topic not in {None, *TOPICS}
    ]
    assert not wrong, f"name it area.happened, on one of {sorted(TOPICS)}: {wrong}"


def test_no_two_events_share_a_name():
    for kind in announced():
        for other in announced():
            assert (
                kind.traits.action != other.traits.action
                or issubclass(kind, other)
                or issubclass(other, kind)
            )


def test_a_reaction_has_one_cause():
    for reaction in reactions():
        causes = [reaction.on, reaction.due, reaction.every, reaction.stored, reaction.undelivered]
        assert sum(bool(cause) for cause in causes) == 1, f"{reaction.id} has {causes}"


def test_what_a_reaction_listens_to_is_published_to_one_topic():
    for reaction in reactions():
        topics = {event.traits.topic for event in reaction.on}
        one = reaction.topic is not None and topics == {reaction.topic}
        assert one or not reaction.on, f"{reaction.id} listens to {topics}: make one for each"
