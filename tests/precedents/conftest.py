"""Requests and seeds in a store, and what reactions hear of them."""

import pytest

from functions.approvals.create_approval import create_approval
from functions.precedents.count_answers import count_answers
from functions.precedents.count_predictions import count_predictions
from functions.precedents.count_requests import count_requests
from shared.actors import Role
from shared.approvals.events.vetoes import VetoRecorded
from shared.documents import Condition, Query
from shared.evidence import Entry
from shared.precedents.events import SeedApproved, SeedMatched
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


COUNTED = (count_answers, count_predictions, count_requests)


def heard(reacting, reaction, event, subject, **how):
    """Let a reaction hear of an event, and what counts hear of it and of what followed from it."""
    call = reacting(f"approvals/{subject}", **how)
    before = {one.id for one in matches(call)}
    reaction(call, event)
    followed = [one for one in matches(call) if one.id not in before]
    counted(reacting, event, f"approvals/{subject}", **how)
    for one in followed:
        told = SeedMatched.from_stored(one.data, one.data_version)
        counted(reacting, told, one.entity, **how | {"tenant": one.tenant})


def counted(reacting, event, about, **how):
    for part in COUNTED:
        if isinstance(event, part.declared.on):
            part(reacting(about, **how), event)


def matches(call):
    """Return every entry of a seed that answered, or said what it would."""
    action = Condition("action", "==", "seed.matched")
    found = call._documents.find(None, Query(Entry.collection, (action,), limit=1000))
    return [Entry.from_stored(one.data) for one in found]


def vetoed(approval):
    return VetoRecorded(
        approval_id=approval.id, category="safety", window_end=NOON, offline=False, effect="x"
    )
