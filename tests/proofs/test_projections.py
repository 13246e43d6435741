"""Projections follow from the events alone: fed again, in any order and twice, they are the same to the byte."""

import random
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from functions.platform.rebuild_projection import rebuild_projection
from shared.actors import PLATFORM, Actor, Role
from shared.bus import envelope
from shared.canonical import canonical
from shared.documents import Key, Query, Snapshot, Write
from shared.edge import folding
from shared.edge.catalog import catalog
from shared.edge.delivery import deliver
from shared.edge.folding import Rebuilding
from shared.edge.keys import FileSigner
from shared.edge.settings import Settings
from shared.edge.sqlite import SqliteDocuments
from shared.events.models import HOT
from shared.evidence import Entry
from shared.instants import instant
from shared.jobs import LEASE, Job
from shared.operation import Call
from shared.projection import Projection, collections
from shared.projections import PROJECTED, Sides, placed
from shared.promises import Due
from tests.conftest import ports_of
from tests.proofs.test_jobs import victims

__all__ = ["victims"]

pytestmark = pytest.mark.slow

PARTS = [one for one in catalog() if isinstance(one, Projection)]
NAMES = sorted({part.name for part in PARTS})
ALL = 1_000_000


def test_each_can_be_asked_for_by_its_name():
    assert list(folding.NAMES) == NAMES


@pytest.fixture
def world(rehearsed, tmp_path):
    """What the rehearsals of every area left, and the ports to it."""
    folder = rehearsed.copied(tmp_path / "data")
    with closing(SqliteDocuments(folder / "store.db")) as documents:
        signer = FileSigner(Path(Settings({"DATA": str(folder)}).writer_key))
        entries = [
            Entry.from_stored(one.data)
            for one in documents.find(None, Query(Entry.collection, limit=ALL))
        ]
        now = instant(max(entry.ts for entry in entries))
        ports = ports_of(documents, signer, lambda: now)
        yield SimpleNamespace(documents=documents, ports=ports, entries=entries)


def shown(documents, name, side=None):
    """Return every document of a projection, to the byte."""
    if side is None:
        side = side_of(documents, name)
    return {
        (one.key.tenant, collection, one.key.id): canonical(one.data)
        for collection in collections(name)
        for one in documents.find(None, Query(placed(collection, side), limit=ALL))
    }


def side_of(documents, name):
    found = [one for one in documents.find(None, Query(Sides.collection)) if one.key.id == name]
    return Sides.from_stored(found[0].data).shown if found else 0


@pytest.mark.parametrize("name", NAMES)
def test_fed_in_one_order_or_another_they_are_as_they_were_delivered(world, name):
    before = shown(world.documents, name)
    assert before, "the rehearsals leave nothing of it"
    side = 1 - side_of(world.documents, name)
    for seed in range(3):
        entries = sorted(world.entries, key=lambda one: (one.ts, one.id))
        if seed:
            random.Random(seed).shuffle(entries)
        feed(world, name, side, entries)
        assert shown(world.documents, name, side) == before
        clear(world, name, side)


def test_what_is_delivered_again_changes_nothing(world):
    """As after a restore, or by hand: all that the rehearsals entered, in another order, to whoever folds it."""
    before = {name: shown(world.documents, name) for name in NAMES}
    random.Random(1).shuffle(world.entries)
    again, old = 0, world.ports.clock() - HOT
    # Older ones nobody takes any more.
    for entry in [one for one in world.entries if instant(one.ts) > old]:
        for part in PARTS:
            if entry.action in part.events and entry.topic == part.topic:
                again += 1
                deliver(part, envelope(entry, environment=""), world.ports)
    assert again > 30
    assert {name: shown(world.documents, name) for name in NAMES} == before


@pytest.mark.parametrize("where", ["before commit", "after commit"])
@pytest.mark.parametrize("name", NAMES)
def test_killed_again_and_again_a_rebuild_comes_to_what_was_delivered(
    rehearsed, victims, tmp_path, name, where
):
    """Each life is killed at its third commit; the next one takes over when the lease has lapsed."""
    folder = rehearsed.copied(tmp_path / "data")
    with closing(SqliteDocuments(folder / "store.db")) as documents:
        # Nothing else happens meanwhile.
        for one in documents.find(None, Query(Due.collection, limit=ALL)):
            documents.commit([Write(one.key, None)])
        before = shown(documents, name)
        spoilt = documents.find(None, Query(placed(collections(name)[0], side_of(documents, name))))
        documents.commit([Write(one.key, None) for one in spoilt])
        assert shown(documents, name) != before
        now = latest(documents) + timedelta(hours=1)
        signer = FileSigner(Path(Settings({"DATA": str(folder)}).writer_key))
        call = Call(
            actor=Actor(id="admin", tenant=PLATFORM, roles=frozenset({Role.ADMIN})),
            now=now,
            tenant=PLATFORM,
            operation="tests.call",
            correlation_id="00000000-0000-4000-8000-000000000001",
            documents=documents,
            signer=signer,
        )
        asked = rebuild_projection(call, name, SimpleNamespace(names=lambda: tuple(NAMES)))
        key, lives, killed = Key(PLATFORM, Job.collection, asked.result.id), 0, 0
        while documents.get(key).data["ended_at"] is None:
            killed += victims(folder, now, where, 3)
            now += LEASE
            lives += 1
            assert lives < 100
        assert killed > 5
        assert documents.get(key).data["status"] == "completed"
        assert shown(documents, name) == before


def latest(documents):
    """Return when the last thing happened."""
    found = documents.find(None, Query(Entry.collection, limit=ALL))
    return instant(max(one.data["ts"] for one in found))


@pytest.mark.parametrize("kind", sorted(PROJECTED))
def test_what_is_projected_is_written_by_its_projection_alone(rehearsed, kind):
    parts = {part.id for part in PARTS if kind in {one.collection for one in part.into}}
    writers = rehearsed.seen.writers[kind] - {"platform.fold_again"}
    assert writers == parts, f"{writers ^ parts}: what is folded is written by its projection alone"


def feed(world, name, side, entries):
    for start in range(0, len(entries), 100):
        step = SimpleNamespace(_beside=[])
        page = [
            Snapshot(Key(one.tenant, one.collection, one.id), one.to_stored(), "")
            for one in entries[start : start + 100]
        ]
        passed = Rebuilding(world.ports).feed(step, name, side, page)
        assert passed == 0
        world.documents.commit(step._beside)


def clear(world, name, side):
    step = SimpleNamespace(_beside=[])
    while Rebuilding(world.ports).clear(step, name, side):
        world.documents.commit(step._beside)
        step = SimpleNamespace(_beside=[])
