"""The contracts are checked over HTTP, as the kernel's tests are."""

import sqlite3
from contextlib import closing

import pytest

from shared.edge.sqlite import SqliteDocuments
from shared.evidence import Entry
from shared.identity.models import Member, Principal
from tests.worlds import a_world

OF_REFUSALS = (Entry.collection, Principal.collection, Member.collection)
"""Where refusals are written down, and who was there."""


@pytest.fixture(scope="session")
def one_world(tmp_path_factory, keys):
    """Open one world for all contracts: they send what is refused or only read."""
    folder = tmp_path_factory.mktemp("contracts")
    with closing(SqliteDocuments(folder / "store.db")) as documents:
        yield a_world(folder, keys, documents)


@pytest.fixture
def world(one_world):
    """Lend the world to a test, which leaves nothing in it but evidence of refusals."""
    before = kept(one_world)
    yield one_world
    assert kept(one_world) == before, "it wrote: open a world of its own with `a_world`"


def kept(world):
    with closing(sqlite3.connect(world.ports.settings.data / "store.db")) as store:
        return store.execute(
            "select * from documents where collection not in (?, ?, ?)", OF_REFUSALS
        ).fetchall()
