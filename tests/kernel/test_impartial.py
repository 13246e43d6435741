"""Nobody decides about themselves, under whichever identity."""

import pytest

from shared.actors import PLATFORM, Actor, Role, same_hands
from shared.errors import SelfApproval
from shared.impartial import impartial

HANDS = same_hands({"genesis": ["ann"], "service:workflows": ["ann", "bob"]})


def actor(id):
    hands = HANDS.get(id, frozenset())
    return Actor(id=id, tenant=PLATFORM, roles=frozenset({Role.VIEWER}), same_hands=hands)


@pytest.mark.parametrize(
    ("decider", "concerned"),
    [
        ("ann", "ann"),
        ("ann", "service:workflows"),
        ("ann", "genesis"),
        ("genesis", "ann"),
        ("genesis", "service:workflows"),
        ("service:workflows", "bob"),
    ],
)
def test_what_is_in_the_same_hands_is_ones_own(decider, concerned):
    with pytest.raises(SelfApproval):
        impartial(actor(decider), "somebody", None, concerned)


@pytest.mark.parametrize(
    ("decider", "concerned"),
    [("ann", "bob"), ("bob", "genesis"), ("carol", "service:workflows"), ("genesis", "bob")],
)
def test_what_is_in_others_hands_is_not(decider, concerned):
    impartial(actor(decider), concerned, None)
