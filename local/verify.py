"""
Verify the evidence of a data folder, with nothing running or beside a server that runs.

It trusts none of what it judges: the store is looked at as it lies, in one snapshot, by keys from outside it, and
compared with the tap in both directions. What is kept of each document while the rest is read goes into a
temporary database, so that memory does not grow with the store.
"""

import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from local import rows
from local.implied import Implied
from shared.actors import PLATFORM
from shared.attesting import DECISION_TYPE, Attestation
from shared.canonical import canonical
from shared.documents import Documents, Key
from shared.edge import keyring, tap
from shared.edge.bundles import BundleSet
from shared.edge.keys import verifier
from shared.entity import Audit
from shared.errors import Refusal, Violation
from shared.evidence import Entry
from shared.identity.models import VerificationKey
from shared.policy.models.sets import PolicySet
from shared.texts import printable
from shared.verification import (
    Head,
    Link,
    chain_breaks,
    decision_breaks,
    entity_breaks,
    entry_breaks,
    link,
    unreadable,
    where,
)

_NOTES = """
create table entries (
  tenant text, id text, entity text, eseq integer, eprev text, hash text, ts text, state text, published integer
);
create table entities (
  tenant text, entity text, n integer, head text, stated text, last text, state text
);
create table cited (tenant text, id text, by text);
create table tapped (id text, hash text, line integer, late integer);
"""


class Verification:
    """One examination of a store: its breaks, and what was counted on the way."""

    def __init__(self, trusted: keyring.Keys, tapped: Path | None, tap_bytes: int = 0) -> None:
        """
        Begin with nothing seen.

        Args:
            trusted: The keys to believe.

            tapped: The file of the tap; None where there is none to compare with.

            tap_bytes: How long it was before the store was looked at: what came later may be about what
                the store did not have then.
        """
        self.trusted, self.counts = trusted, Counter[str]()
        self._tapped, self._tap_bytes = tapped, tap_bytes
        self._check, self._kinds = verifier(trusted), rows.entity_kinds()
        self._records = rows.record_kinds()
        self._used, self._published = set[str](), set[str]()
        self._decided_by, self._sets = set[str](), set[str]()
        self._notes = sqlite3.connect("")
        self._notes.executescript(_NOTES)
        self._implied = Implied(self._notes)

    def breaks(self, found: Iterable[rows.Row]) -> Iterator[Violation]:
        """Return every break in what lies in a store, as it is found; good for one time."""
        with closing(self._notes):
            for one in found:
                yield from one.breaks
                if one.data is not None:
                    yield from self._document(one, one.data)
            yield from self._unpublished_keys()
            yield from self._chains()
            yield from self._decisions()
            yield from self._lost_rules()
            yield from self._implied.breaks()
            yield from self._against_the_tap()

    # --- one document ----------------------------------------------------------------------------

    def _document(self, one: rows.Row, data: Mapping[str, Any]) -> Iterator[Violation]:
        place = one.place
        evidence = place.collection in {Entry.collection, *self._kinds} or "audit" in data
        if evidence and one.fractions:
            said = f"{where(place)}: it holds a number that is not whole"
            yield Violation(rule="SCHEMA_INVALID", message=said)
        if place.collection == Entry.collection:
            yield from self._entry(one, data)
        elif evidence:
            yield from self._entity(place, data)
        else:
            yield from self._record(place, data)

    def _entry(self, one: rows.Row, entry: Mapping[str, Any]) -> Iterator[Violation]:
        self.counts["entries"] += 1
        breaks = entry_breaks(one.place, entry, one.text, self._check)
        yield from breaks
        row: tuple[Any, ...] = (one.place.tenant, one.place.id, *[None] * 7)
        if not any(found.rule == "SCHEMA_INVALID" for found in breaks):
            part = link(entry)
            published = entry.get("delivery", {}).get("published_at") is not None
            self.counts["unpublished"] += not published
            self._used.add(entry["kid"])
            self._cites(one.place, entry.get("policy") or {})
            row = (
                *(one.place.tenant, one.place.id, entry["entity"], part.eseq, part.eprev),
                *(part.hash, part.ts, part.state_hash, published),
            )
        self._notes.execute("insert into entries values (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def _entity(self, place: Key, entity: Mapping[str, Any]) -> Iterator[Violation]:
        self.counts["entities"] += 1
        head, breaks = entity_breaks(place, entity)
        yield from breaks
        if head is not None:
            audit = head.audit
            said = (audit.n, audit.head, audit.state_hash, audit.entry, head.state)
            row = (place.tenant, f"{place.collection}/{place.id}", *said)
            self._notes.execute("insert into entities values (?, ?, ?, ?, ?, ?, ?)", row)
            self._implied.entity(place, entity)

    def _record(self, place: Key, record: Mapping[str, Any]) -> Iterator[Violation]:
        self.counts["records"] += 1
        if record.get("id") != place.id:
            said = f"{where(place)}: it says that it is {record.get('id')!r:.200}"
            yield Violation(rule="ID_MISMATCH", message=said)
        if place.collection == VerificationKey.collection:
            trusted = self.trusted.get(place.id)
            if trusted is None or place.tenant != PLATFORM or record.get("jwk") != trusted:
                said = f"{where(place)}: the store publishes a key that is not trusted, or not as it is"
                yield Violation(rule="KEY_UNTRUSTED", message=said)
            self._published.add(place.id)
        kind = self._records.get(place.collection)
        if kind is not None and (why := unreadable(kind, record)):
            yield Violation(rule="SCHEMA_INVALID", message=f"{where(place)}: {why}")
        elif kind is Attestation:
            yield from self._attestation(place, Attestation.from_stored(record))
        elif kind is PolicySet:
            yield from self._set(place, PolicySet.from_stored(record))
        self._implied.record(place, record)

    def _attestation(self, place: Key, kept: Attestation) -> Iterator[Violation]:
        """Hold a decision that no entry carries to its signature, and to what it was made on."""
        self._used.add(kept.kid)
        self._decided_by.add(str(kept.decision.get("bundle")))
        yield from decision_breaks(place, kept.decision)
        message = canonical({"typ": DECISION_TYPE, **kept.decision})
        if not self._check(kept.kid, message, kept.sig):
            said = f"{where(place)}: no trusted key signed it so; it names the key {kept.kid[:100]}"
            yield Violation(rule="SIGNATURE_INVALID", message=said)

    def _set(self, place: Key, kept: PolicySet) -> Iterator[Violation]:
        """Hold rules that are kept to the digest by which decisions name them."""
        self._sets.add(place.id)
        if BundleSet(kept.modules, kept.selection, kept.data).digest != place.id:
            said = f"{where(place)}: the rules kept there are not those of that digest"
            yield Violation(rule="HASH_MISMATCH", message=said)

    def _lost_rules(self) -> Iterator[Violation]:
        """Find the rules that something was decided by and that are not kept, so nobody can decide it again."""
        for digest in sorted(self._decided_by - self._sets):
            said = f"{PLATFORM}/{PolicySet.collection}/{digest}: something was decided by these rules, and they are gone"
            yield Violation(rule="RULES_MISSING", message=said)

    def _unpublished_keys(self) -> Iterator[Violation]:
        for kid in sorted((self._used & self.trusted.keys()) - self._published):
            said = f"{kid}: it signed entries, and the store no longer publishes it"
            yield Violation(rule="KEY_MISSING", message=said)

    # --- all of them -----------------------------------------------------------------------------

    def _cites(self, place: Key, policy: Mapping[str, Any]) -> None:
        """Take down by which rules something was decided, and by which decision of another entry it was done."""
        if decision := policy.get("decision"):
            self._decided_by.add(str(decision.get("bundle")))
        if "decision_id" in policy and policy.get("decision") is None:
            row = (place.tenant, policy["decision_id"], place.id)
            self._notes.execute("insert into cited values (?, ?, ?)", row)

    def _decisions(self) -> Iterator[Violation]:
        """Find what was done by a decision that is not there."""
        self._notes.execute("create index entry_ids on entries (id)")
        for tenant, id, by in self._notes.execute(
            "select cited.* from cited left join entries on entries.tenant = cited.tenant"
            " and entries.id = cited.id where entries.id is null"
        ):
            said = (
                f"{tenant}/{Entry.collection}/{by}: it cites the decision {id}, which is not there"
            )
            yield Violation(rule="DECISION_MISSING", message=said)

    def _chains(self) -> Iterator[Violation]:
        """Lay the chains beside the entities, each forgotten when it is judged."""
        chains = groupby(
            self._notes.execute(
                "select tenant, entity, eseq, eprev, id, hash, ts, state from entries"
                " where entity is not null order by tenant, entity, eseq"
            ),
            key=lambda row: (row[0], row[1]),
        )
        heads = iter(self._notes.execute("select * from entities order by tenant, entity"))
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

    def _against_the_tap(self) -> Iterator[Violation]:
        """Compare the tap with the entries: each of its lines, and each entry that was published."""
        if self._tapped is None:
            return
        if self._tapped.exists():
            for line in tap.lines(self._tapped):
                self.counts["lines of the tap"] += 1
                if line.problem:
                    said = f"{self._tapped.name} line {line.number}: {line.problem}"
                    yield Violation(rule="TAP_BROKEN", message=said)
                row = (line.id, line.entry_hash, line.number, line.end > self._tap_bytes)
                self._notes.execute("insert into tapped values (?, ?, ?, ?)", row)
        self._notes.execute("create index tapped_ids on tapped (id)")
        (self.counts["unmarked"],) = self._notes.execute(_UNMARKED).fetchone()
        for rule, (query, said) in _AGAINST_THE_TAP.items():
            for row in self._notes.execute(query):
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


_UNMARKED = "select count(*) from entries where published = 0 and id in (select id from tapped where not late)"
"""
No break, as nothing bounds how many there may be rightfully: a relay may stop between the tap and the mark, and a
backup has the tap of after its store.
"""


def _head(row: Sequence[Any]) -> Head:
    _, _, n, head, stated, last, state = row
    return Head(Audit(n=n, head=head, state_hash=stated, entry=last), state)


@dataclass
class Report:
    """What an examination came to."""

    counts: Counter[str]
    breaks: list[Violation]


def examined(data: Path, documents: Documents | None = None, *, tapped: bool = True) -> Report:
    """
    Examine the evidence of a data folder.

    Args:
        data: The folder.

        documents: The store, where it is not the folder's own; it must be at rest then, for only a file is
            read in one snapshot.

        tapped: Whether the folder has the tap, which it has not where a broker publishes.
    """
    file = data / "tap.jsonl" if tapped else None
    if documents is not None:
        size = file.stat().st_size if file and file.exists() else 0
        run = Verification(keyring.kept(data), file, size)
        return Report(run.counts, [*run.breaks(rows.in_port(documents))])
    with rows.snapshot(data / "store.db", file) as (connection, size):
        run = Verification(keyring.kept(data), file, size)
        return Report(run.counts, [*run.breaks(rows.in_file(connection))])


def verify(
    data: Path,
    keys: Sequence[Path] = (),
    key: Sequence[str] = (),
    tapped: Path | None = None,
    *,
    without_tap: bool = False,
) -> int:
    """
    Print every break as it is found, and what was looked at; return 0 if everything holds.

    Args:
        data: The data folder.

        keys: JWKS files of the keys to trust; with them or *key*, the folder's own are not.

        key: Keys to trust, as base64url.

        tapped: The tap, where it is not the folder's.

        without_tap: Compare with none.
    """
    if not os.path.exists(data / "store.db"):  # noqa: PTH110 - no answer for lack of permission is one as well
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
    try:
        tap_file = None if without_tap else tapped or data / "tap.jsonl"
        return _told(data / "store.db", trusted, tap_file)
    except BrokenPipeError:
        # Whoever reads has seen enough, as for every command.
        raise
    except (OSError, *rows.BROKEN) as error:
        print(f"It cannot be verified, for a file cannot be read or kept: {error}")
        return 2


def _told(store: Path, trusted: keyring.Keys, tapped: Path | None) -> int:
    print(f"keys trusted: {', '.join(sorted(trusted))}")
    broken = 0
    with rows.snapshot(store, tapped) as (connection, size):
        run = Verification(trusted, tapped, size)
        for one in run.breaks(rows.in_file(connection)):
            broken += 1
            print(f"  {one.rule}: {printable(one.message)}")
    counts = run.counts
    lines = f"{counts['lines of the tap']} lines" if tapped else "compared with none"
    unmarked = (
        f" ({counts['unmarked']} of them in the tap: a relay stopped before it marked them, or they were unmarked)"
        if counts["unmarked"]
        else ""
    )
    print(
        f"evidence: {counts['entries']} audit entries in {counts['chains']} chains of {counts['entities']}"
        f" entities; {counts['unpublished']} not published yet{unmarked}"
    )
    print(f"the tap, a copy of all that was published: {lines}")
    print(f"other documents, such as notices, which no chain covers: {counts['records']}")
    print(f"{broken} breaks", flush=True)
    return 1 if broken else 0
