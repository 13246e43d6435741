"""
Both stores side by side: whatever is asked of them at random, they give the same.

Each run asks something else. ``SEED=…`` asks the same again, ``FUZZ=1000000`` asks more. Where the stores differ it
fails with the seed and the fewest operations that show it; where they may, `DIVERGENCES` says why.
"""

import os
import secrets
import sys
from contextlib import ExitStack, contextmanager
from itertools import count

import pytest

from shared.documents import ANYTHING, Write
from shared.edge.firestore import FirestoreDocuments
from shared.edge.sqlite import SqliteDocuments
from tests.emulators import firestore_emulator, fresh_project, needs_emulator
from tests.store.conftest import Indexed
from tests.store.differential import running

__all__ = ["firestore_emulator"]

SHARDS = 4
OPERATIONS = int(os.environ.get("FUZZ", "14000"))
"""In each run so many, which take some 50 seconds of CPU with those of the emulator."""

SEED = os.environ.get("SEED") or secrets.token_hex(4)


def emulated(test):
    for mark in needs_emulator:
        test = mark(test)
    return test


@pytest.fixture
def beside(tmp_path):
    """Open a new SQLite store beside another new one."""
    numbers = count()

    def opening(another, kind=Indexed):
        @contextmanager
        def stores():
            with ExitStack() as stack:
                file = tmp_path / f"{next(numbers)}.db"
                sqlite = kind(file)
                stack.callback(lambda: [one.unlink() for one in tmp_path.glob(f"{file.name}*")])
                stack.callback(sqlite.close)
                yield sqlite, another(tmp_path / f"{next(numbers)}.db")

        return stores

    return opening


@emulated
@pytest.mark.slow
@pytest.mark.parametrize("shard", range(SHARDS))
def test_both_stores_give_the_same_whatever_they_are_asked(firestore_emulator, beside, shard):
    # What nobody declared is found too, without an index.
    kind = Indexed if shard else SqliteDocuments
    stores = beside(lambda _: FirestoreDocuments(fresh_project()), kind)
    asked = running.Asked()
    for world in range(-(-OPERATIONS // SHARDS // running.A_WORLD)):
        found = running.diverging(running.operations(f"{SEED}/{shard}", world), stores, asked)
        if found:
            least = running.smallest(found, stores)
            pytest.fail(f"SEED={SEED}, shard {shard}, world {world}: {least}", pytrace=False)
    sys.stdout.write(f"SEED={SEED}, shard {shard}: {asked}\n")


# --- whether a difference would be found ---------------------------------------------------------


class Careless(SqliteDocuments):
    """Overwrites what it has not seen."""

    def commit(self, writes):
        super().commit([Write(w.key, w.data, ANYTHING) for w in writes])


class Short(SqliteDocuments):
    """Leaves out the last of several."""

    def find(self, tenant, query):
        found = super().find(tenant, query)
        return found[:-1] if len(found) > 1 else found


class Lax(SqliteDocuments):
    """Takes true for one."""

    def get(self, key):
        found = super().get(key)
        if found and found.data.get("b") is True:
            found.data["b"] = 1
        return found


class Late(SqliteDocuments):
    """Does not know until when a document is kept."""

    def get(self, key):
        found = super().get(key)
        if found:
            found.data.pop("kept_until", None)
        return found


class Unordered(SqliteDocuments):
    """Gives several in the order in which they lie."""

    def get_all(self, keys):
        return super().get_all(sorted(keys, key=lambda key: key.id))


@pytest.mark.parametrize(
    ("another", "most"), [(Careless, 2), (Short, 3), (Lax, 2), (Late, 2), (Unordered, 2)]
)
def test_a_difference_is_found_and_shown_with_few_operations(beside, another, most):
    stores = beside(another)
    found = next(
        filter(None, (running.diverging(running.operations("7", n), stores) for n in range(10)))
    )
    least = running.smallest(found, stores)
    assert len(least.operations) <= most, str(least)
    assert least.told[0] != least.told[1]


def test_the_same_seed_asks_the_same():
    asked = [[str(one) for one in running.operations("7", 3)] for _ in range(2)]
    assert asked[0] == asked[1]
