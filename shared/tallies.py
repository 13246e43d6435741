"""
Sharded tallies: what many count at once, in several documents, so that none of them is hot.

A store takes about one write a second on one document. So each thing is counted in one of several shards, always in
the same one, and whoever wants the whole adds the shards up: its cost does not grow with what is counted.
"""

import zlib
from typing import Generic, TypeVar

from shared.entity import Record
from shared.records import dataclass
from shared.store import Transaction

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Tally(Generic[R]):
    """Counts of one kind, all of whose members but the id begin at nothing."""

    kind: type[R]
    shards: int
    """In how many documents."""

    def place(self, id: str) -> str:
        """Return the id of the shard that a thing is counted in."""
        return f"shard-{zlib.crc32(id.encode()) % self.shards}"

    def of(self, txn: Transaction, id: str) -> R:
        """Return the shard that a thing is counted in, with nothing in it where it is new."""
        place = self.place(id)
        return txn.get_or_none(self.kind, place) or self.kind(id=place)

    def keep(self, txn: Transaction, before: R, after: R) -> None:
        """Keep a shard as it was counted, if it changed; with nothing in it there is none, as before the first."""
        if after == before:
            return
        if after == self.kind(id=after.id):
            txn.delete(after)
        else:
            txn.save(after)
