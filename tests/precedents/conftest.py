"""Requests and seeds in a store, and what reactions hear of them."""

import pytest

from functions.approvals.create_approval import create_approval
from shared.actors import Role
from shared.approvals.events.vetoes import VetoRecorded
from shared.evidence import Entry
from shared.precedents.events import SeedApproved
from shared.precedents.models.seeds import PrecedentSeed
from tests import answered
from tests.conftest import DEPLOYMENT, NOON
from tests.precedents.samples import another


@pytest.fixture
def kept(call_as):
    """Keep a seed as it is."""

    def keep(seed):
        with call_as(Role.GOVERNOR).transaction() as txn:
            return txn.create(seed, SeedApproved.of(seed))

    return keep


@pytest.fixture
def ask(call_as):
    def ask(tenant="platform", at=0, **changes):
        call = call_as(Role.SERVICE, tenant=tenant, own="platform", at=at)
        return answered.body(create_approval(call, another(**changes), DEPLOYMENT))

    return ask


@pytest.fixture
def entries(call_as):
    def find(action):
        with call_as(Role.SERVICE).transaction() as txn:
            return txn.find(Entry, action=action).items

    return find


@pytest.fixture
def read(call_as):
    def read(seed):
        with call_as(Role.SERVICE).transaction() as txn:
            return txn.get(PrecedentSeed, seed.id)

    return read


def heard(reacting, reaction, event, subject, **how):
    reaction(reacting(f"approvals/{subject}", **how), event)


def vetoed(approval):
    return VetoRecorded(
        approval_id=approval.id, category="safety", window_end=NOON, offline=False, effect="x"
    )
