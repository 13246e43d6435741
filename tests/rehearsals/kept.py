"""
One rehearsal for all tests of a run: what it left in its data folder, and what was seen of it.

It takes many seconds, and several suites ask what happens while every function is called.
"""

import pickle
import shutil
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from benchmarks.rehearsal import Asked, Rehearsal
from infra.indexes import Shape
from shared.documents import Write
from shared.edge import meter
from shared.guarding import Guard
from shared.projections import placed
from shared.promises import Due
from tests.infra.queries import taken_down
from tests.rehearsals import rehearse
from tests.rehearsals.scene import until
from tests.workers import made_once


def shared_as(key):
    """Say what a document is to those who share it: its collection as its kind names it, and of a guard what it guards."""
    guards = key.collection == Guard.collection
    named = key.collection.removesuffix(placed("", 1))
    return f"{named}/{key.id.partition('.')[0]}" if guards else named


@dataclass
class Seen:
    """What was seen while every function was called."""

    most: dict[str, meter.Count] = field(default_factory=dict)
    """By function, the most that one run of it took."""

    total: dict[str, meter.Count] = field(default_factory=dict)
    """By function, what all its runs took."""

    writers: dict[str, set[str | None]] = field(default_factory=lambda: defaultdict(set))
    """By collection, the functions that write it."""

    asked: dict[Shape, set[tuple[str, int]]] = field(default_factory=dict)
    """By the shape of a query, the places that ask it."""

    promises: list[Write] = field(default_factory=list)
    """The promises that were made, also those that were kept since."""

    requests: dict[str, Asked] = field(default_factory=dict)
    """By operation, the last request that was answered well."""


@dataclass(frozen=True)
class Rehearsed:
    """A rehearsal that is over."""

    data: Path
    """Its data folder, which nobody changes: take a copy."""

    seen: Seen

    def copied(self, to):
        """Copy the data folder."""
        return shutil.copytree(self.data, to)


@pytest.fixture(scope="session")
def rehearsed(tmp_path_factory) -> Rehearsed:
    folder = made_once(tmp_path_factory, "rehearsed", _rehearse)
    with (folder / "seen").open("rb") as file:
        return Rehearsed(folder / "data", pickle.load(file))


def _rehearse(folder):
    seen = Seen()

    def note(writes):
        for write in writes:
            seen.writers[shared_as(write.key)].add(meter.current())
            if write.key.collection == Due.collection and write.data is not None:
                seen.promises.append(write)

    def observed(platform):
        platform.documents.on_commit(note)
        # Months pass at once: what was taken in must be known to those who send all of it again.
        platform.forgetting.stop()
        platform.forgetting = None
        rehearse(platform)
        until(platform.idle)
        seen.most, seen.total = dict(platform.meter.most), dict(platform.meter.total)

    recording = Rehearsal()
    with taken_down() as asked:
        recording.run(folder / "data", observed)
    seen.asked, seen.requests = dict(asked), recording.asked
    with (folder / "seen").open("wb") as file:
        pickle.dump(seen, file)
