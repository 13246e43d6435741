"""What a person may do is what they may do now: an end of it is known in time, wherever it counts."""

from dataclasses import replace

import pytest

from shared.edge.catalog import operations
from shared.errors import Unauthenticated
from shared.identity import Scope
from tests.contracts.test_operations import send
from tests.kernel.conftest import World

SOON_S, LATER_S = 5, 60


@pytest.mark.parametrize("op", [op for op in operations() if op.scopes], ids=lambda op: op.id)
def test_an_end_is_known_in_time(op, world):
    asked = []

    def identify(_, *, revoked_within_s):
        asked.append(revoked_within_s)
        raise Unauthenticated("seen")

    world = World(replace(world.ports, identify=identify), world.sign_in)
    assert send(world, op).status_code == 401
    soon = op.mutates or Scope.GOVERNANCE_READ in op.scopes
    assert asked == [SOON_S if soon else LATER_S]
