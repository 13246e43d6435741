"""Spends of agents in one tenant, and what follows from them."""

from datetime import timedelta

import pytest

from functions.budgets.get_budget import get_budget
from functions.budgets.take_block import take_block
from shared.actors import Role
from shared.budgets.actions import spending
from shared.budgets.rules.spending import Spend
from shared.documents import Query
from shared.evidence import Entry
from tests.conftest import NOON

AGENT_ID = "acme.44444444-4444-4444-8444-444444444444"
AGENT = f"agent:{AGENT_ID}"
USD = 1_000_000


@pytest.fixture
def at_once(call_as):
    """Hold something, without waiting for a block."""

    def hold(id, micro_usd, *, tenant="acme", at=0, **more):
        spend = Spend(**{"agent_id": AGENT_ID, "micro_usd": micro_usd, **more})
        now = NOON + timedelta(minutes=at)
        with call_as(Role.SERVICE, tenant=tenant, at=at).transaction() as txn:
            return spending.hold(txn, id, spend, at=now)

    return hold


@pytest.fixture
def block(reacting):
    """Bring a tenant the block that it waits for."""

    def bring(tenant="acme", at=0):
        take_block(reacting(f"budget_blocks/block:{tenant}", tenant=tenant, at=at), None)

    return bring


@pytest.fixture
def hold(at_once, block):
    """Hold something, and bring the block that it waits for."""

    def hold(id, micro_usd, **more):
        came = at_once(id, micro_usd, **more)
        if isinstance(came, spending.Waiting):
            block(more.get("tenant", "acme"), more.get("at", 0))
            came = at_once(id, micro_usd, **more)
        return came

    return hold


@pytest.fixture
def settle(call_as):
    def settle(id, *, tenant="acme", at=0, **spent):
        now = NOON + timedelta(minutes=at)
        with call_as(Role.SERVICE, tenant=tenant, at=at).transaction() as txn:
            return spending.settle(txn, id, spent, at=now)

    return settle


@pytest.fixture
def get(call_as):
    def get(scope, tenant="acme", at=0):
        return get_budget(call_as(Role.CUSTOMER_ADMIN, tenant=tenant, at=at), scope)

    return get


@pytest.fixture
def told(documents):
    """Return what was announced of a kind, in a tenant."""

    def told(event, tenant="acme"):
        found = documents.find(tenant, Query(Entry.collection, limit=1000))
        entries = [Entry.from_stored(one.data) for one in found]
        mine = sorted(
            (one for one in entries if one.action == event.traits.action), key=lambda e: e.eseq
        )
        return [one.data for one in mine]

    return told
