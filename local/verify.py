"""Verify the evidence of a data folder: every chain, signature, head and state, with nothing running."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from shared.documents import Documents, Key, Query, Snapshot
from shared.edge.keys import verifier
from shared.edge.sqlite import SqliteDocuments
from shared.errors import Violation
from shared.evidence import Entry, verify_stream
from shared.identities.models import VerificationKey
from shared.identity import PLATFORM


def verify(data: Path) -> int:
    """Print what holds and what does not; return 0 if everything holds."""
    if not (data / "store.db").exists():
        print(f"There is no store in {data}; DATA=… names another folder.")
        return 2
    documents = SqliteDocuments(data / "store.db")
    streams, breaks = examined(documents)
    documents.close()
    entries = sum(streams.values())
    print(f"{entries} audit entries in {len(streams)} chains, {len(breaks)} breaks")
    for broken in breaks:
        print(f"  {broken.rule}: {broken.message}")
    return 1 if breaks else 0


def examined(documents: Documents) -> tuple[dict[tuple[str, str], int], list[Violation]]:
    """Return how many entries each chain has, and every break found."""
    keys = documents.find(PLATFORM, Query(VerificationKey.collection))
    check = verifier({key.key.id: key.data["jwk"] for key in keys})
    streams: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for snapshot in everything(documents, Entry.collection):
        entry = Entry.from_stored(snapshot.data)
        streams[(snapshot.key.tenant, entry.entity)].append(entry)
    breaks: list[Violation] = []
    for (tenant, entity), entries in streams.items():
        collection, _, id = entity.partition("/")
        found = documents.get(Key(tenant, collection, id))
        breaks += verify_stream(entries, check, found.data if found else {})
    return {place: len(entries) for place, entries in streams.items()}, breaks


def everything(documents: Documents, collection: str) -> Iterator[Snapshot]:
    """Return every document of a collection, of all tenants."""
    after: tuple[str, ...] = ()
    while found := documents.find(None, Query(collection, limit=500, after=after)):
        yield from found
        last = found[-1].key
        after = (last.tenant, last.id)
