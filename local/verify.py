"""
Verify the evidence of a data folder, with nothing running or beside a server that runs.

It trusts none of what it judges: the store is looked at as it lies, in one snapshot, by keys from outside it, and
compared with the tap in both directions. What is kept of each document while the rest is read goes into a
temporary database, so that memory does not grow with the store.
"""

import os
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from local import keyring, rows
from shared.documents import Documents, Key
from shared.edge import tap
from shared.edge.keys import verifier
from shared.entity import Audit
from shared.errors import Refusal, Violation
from shared.evidence import Entry
from shared.identities.models import VerificationKey
from shared.verification import (
    Head,
    Link,
    chain_breaks,
    entity_breaks,
    entry_breaks,
    link,
    where,
)

_NOTES = """
create table entries (
  tenant text, id text, entity text, eseq integer, eprev text, hash text, ts text, state text, published integer
);
create table entities (
  tenant text, entity text, n integer, head text, stated text, last text, state text
);
create table tapped (id text, hash text, line integer, late integer);
"""


@dataclass
class Verification:
    """One examination of a store: its breaks, and what was counted on the way."""

    trusted: keyring.Keys
    tapped: Path | None
    """The file of the tap; None where there is none to compare with."""

    tap_bytes: int = 0
    """How long the tap was before the snapshot; what came later may be about what is not in it."""

    counts: Counter[str] = field(default_factory=Counter)
    _used: set[str] = field(default_factory=set)
    _published: set[str] = field(default_factory=set)

    def breaks(self, found: Iterator[rows.Row]) -> Iterator[Violation]:
        """Return every break in what lies in a store, as it is found."""
        kinds = rows.entity_kinds()
        self._check = verifier(self.trusted)
        with closing(sqlite3.connect("")) as notes:
            notes.executescript(_NOTES)
            for one in found:
                yield from one.breaks
                if one.data is not None:
                    yield from self._document(notes, one, one.data, kinds)
            yield from self._unpublished_keys()
            yield from self._chains(notes)
            yield from self._tap(notes)

    # --- one document ----------------------------------------------------------------------------

    def _document(
        self,
        notes: sqlite3.Connection,
        one: rows.Row,
        data: Mapping[str, Any],
        kinds: frozenset[str],
    ) -> Iterator[Violation]:
        place = one.place
        if place.collection == Entry.collection:
            yield from self._entry(notes, one, data)
        elif place.collection in kinds or "audit" in data:
            yield from self._entity(notes, place, data)
        else:
            self.counts["records"] += 1
            if data.get("id") != place.id:
                said = f"{where(place)}: it says that it is {data.get('id')!r:.200}"
                yield Violation(rule="ID_MISMATCH", message=said)
        if place.collection == VerificationKey.collection:
            yield from self._key(place, data)

    def _entry(
        self, notes: sqlite3.Connection, one: rows.Row, entry: Mapping[str, Any]
    ) -> Iterator[Violation]:
        self.counts["entries"] += 1
        breaks = entry_breaks(one.place, entry, one.text, self._check)
        yield from breaks
        row: tuple[Any, ...] = (one.place.tenant, one.place.id, *[None] * 7)
        if not any(found.rule == "SCHEMA_INVALID" for found in breaks):
            part, published = link(entry), entry["delivery"]["published_at"] is not None
            self.counts["unpublished"] += not published
            self._used.add(entry["kid"])
            row = (
                *(one.place.tenant, one.place.id, entry["entity"], part.eseq, part.eprev),
                *(part.hash, part.ts, part.state_hash, published),
            )
        notes.execute("insert into entries values (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def _entity(
        self, notes: sqlite3.Connection, place: Key, entity: Mapping[str, Any]
    ) -> Iterator[Violation]:
        self.counts["entities"] += 1
        head, breaks = entity_breaks(place, entity)
        yield from breaks
        if head is not None:
            audit = head.audit
            said = (audit.n, audit.head, audit.state_hash, audit.entry, head.state)
            row = (place.tenant, f"{place.collection}/{place.id}", *said)
            notes.execute("insert into entities values (?, ?, ?, ?, ?, ?, ?)", row)

    def _key(self, place: Key, key: Mapping[str, Any]) -> Iterator[Violation]:
        jwk, trusted = key.get("jwk"), self.trusted.get(place.id)
        if trusted is None or not isinstance(jwk, dict) or jwk.get("x") != trusted["x"]:
            said = f"{where(place)}: the store publishes a key that is not trusted"
            yield Violation(rule="KEY_UNTRUSTED", message=said)
        self._published.add(place.id)

    def _unpublished_keys(self) -> Iterator[Violation]:
        for kid in sorted((self._used & self.trusted.keys()) - self._published):
            said = f"{kid}: it signed entries, and the store no longer publishes it"
            yield Violation(rule="KEY_MISSING", message=said)

    # --- all of them -----------------------------------------------------------------------------

    def _chains(self, notes: sqlite3.Connection) -> Iterator[Violation]:
        """Lay the chains beside the entities, each forgotten when it is judged."""
        chains = groupby(
            notes.execute(
                "select tenant, entity, eseq, eprev, id, hash, ts, state from entries"
                " where entity is not null order by tenant, entity, eseq"
            ),
            key=lambda row: (row[0], row[1]),
        )
        heads = iter(notes.execute("select * from entities order by tenant, entity"))
        head = next(heads, None)
        for named, group in chains:
            while head is not None and (head[0], head[1]) < named:
                yield from chain_breaks("/".join(head[:2]), (), _head(head))
                head = next(heads, None)
            own = head if head is not None and (head[0], head[1]) == named else None
            links = (Link(*row[2:]) for row in group)
            self.counts["chains"] += 1
            yield from chain_breaks("/".join(named), links, _head(own) if own else None)
            head = next(heads, None) if own else head
        while head is not None:
            yield from chain_breaks("/".join(head[:2]), (), _head(head))
            head = next(heads, None)

    def _tap(self, notes: sqlite3.Connection) -> Iterator[Violation]:
        """Compare the tap with the entries: each of its lines, and each entry that was published."""
        if self.tapped is None:
            return
        if self.tapped.exists():
            for line in tap.lines(self.tapped):
                self.counts["lines of the tap"] += 1
                if line.problem:
                    said = f"{self.tapped.name} line {line.number}: {line.problem}"
                    yield Violation(rule="TAP_BROKEN", message=said)
                row = (line.id, line.entry_hash, line.number, line.end > self.tap_bytes)
                notes.execute("insert into tapped values (?, ?, ?, ?)", row)
        notes.execute("create index tapped_ids on tapped (id)")
        notes.execute("create index entry_ids on entries (id)")
        for rule, (query, said) in _AGAINST_THE_TAP.items():
            for row in notes.execute(query):
                yield Violation(rule=rule, message=said.format(*row))


_AGAINST_THE_TAP = {
    "MISSING_ENTRY": (
        """
        select line, id from tapped where id != '' and not late and id not in (select id from entries)
        order by line
        """,
        "the tap's line {0}: its entry {1} is not in the store",
    ),
    "HASH_MISMATCH": (
        """
        select line, id from tapped where id in (select id from entries where hash is not null)
        and hash not in (select hash from entries where entries.id = tapped.id) order by line
        """,
        "the tap's line {0}: the entry {1} in the store has another hash",
    ),
    "UNKNOWN_ENTRY": (
        """
        select tenant, entity, eseq, id from entries where published and id not in (select id from tapped)
        order by tenant, entity, eseq
        """,
        "{0}/{1} #{2}: {3} was published, and the tap does not have it",
    ),
}


def _head(row: Sequence[Any]) -> Head:
    _, _, n, head, stated, last, state = row
    return Head(Audit(n=n, head=head, state_hash=stated, entry=last), state)


@dataclass
class Report:
    """What an examination came to."""

    counts: Counter[str]
    breaks: list[Violation]


def examined(data: Path, documents: Documents | None = None) -> Report:
    """
    Examine the evidence of a data folder; *documents* where its store is not the folder's own.

    That must be at rest then, for only a file is read in one snapshot.
    """
    file = data / "tap.jsonl"
    run = Verification(keyring.kept(data), file if file.exists() or documents is None else None)
    if documents is not None:
        run.tap_bytes = file.stat().st_size if file.exists() else 0
        return Report(run.counts, [*run.breaks(rows.in_port(documents))])
    with rows.snapshot(data / "store.db", file) as (connection, size):
        run.tap_bytes = size
        return Report(run.counts, [*run.breaks(rows.in_file(connection))])


def verify(
    data: Path, keys: Sequence[Path] = (), key: Sequence[str] = (), tapped: Path | None = None
) -> int:
    """
    Print every break as it is found, and what was looked at; return 0 if everything holds.

    Args:
        data: The data folder.

        keys: JWKS files of the keys to trust; with them or *key*, the folder's own are not.

        key: Keys to trust, as base64url.

        tapped: The tap, where it is not the folder's.
    """
    if not (data / "store.db").exists():
        print(f"There is no store in {data}; DATA=… names another folder.")
        return 2
    try:
        trusted = keyring.named(keys, key) if keys or key else keyring.kept(data)
    except Refusal as refusal:
        print(refusal.detail)
        return 2
    if not trusted:
        print(f"No key is trusted: {data}/keys has none; name them with --keys or --key.")
        return 2
    run = Verification(trusted, tapped or data / "tap.jsonl")
    try:
        return _told(run, data / "store.db")
    except BrokenPipeError:
        # Whoever reads has seen enough; what Python would still flush goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _told(run: Verification, store: Path) -> int:
    print(f"keys trusted: {', '.join(sorted(run.trusted))}")
    broken = 0
    with rows.snapshot(store, run.tapped) as (connection, size):
        run.tap_bytes = size
        for one in run.breaks(rows.in_file(connection)):
            broken += 1
            print(f"  {one.rule}: {one.message}")
    counts = run.counts
    print(
        f"{counts['entries']} audit entries in {counts['chains']} chains of {counts['entities']}"
        f" entities, {counts['lines of the tap']} lines of the tap, {counts['unpublished']} not"
        f" published yet; {counts['records']} records, which are no evidence; {broken} breaks",
        flush=True,
    )
    return 1 if broken else 0
