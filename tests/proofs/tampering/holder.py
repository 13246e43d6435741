"""A data folder in the hands of somebody who can write its files and has none of its keys."""

import json
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from shared.canonical import canonical
from shared.edge.keys import FileSigner
from shared.entity import ZERO_HASH
from shared.evidence import hash_of_entry, signed_bytes, state_hash

Data = dict[str, Any]


@dataclass
class Doc:
    """One document where it lies."""

    tenant: str
    collection: str
    id: str
    data: Data = field(repr=False)

    @property
    def entity(self) -> str:
        return f"{self.collection}/{self.id}"

    @property
    def place(self) -> str:
        return f"{self.tenant}/{self.collection}/{self.id}"


class Holder:
    """Reads and writes a folder past the platform; *older* is a backup of an earlier moment."""

    def __init__(self, folder: Path, older: Path) -> None:
        self.folder, self.older = folder, older
        self.store, self.tap = folder / "store.db", folder / "tap.jsonl"

    @cached_property
    def db(self) -> sqlite3.Connection:
        return sqlite3.connect(self.store, isolation_level=None)

    @cached_property
    def key(self) -> FileSigner:
        """A key of their own making."""
        return FileSigner(self.folder.parent / f"{time.monotonic_ns()}.pem")

    def close(self) -> None:
        if "db" in vars(self):
            self.db.close()

    # --- the store -------------------------------------------------------------------------------

    def every(self, collection: str, tenant: str | None = None, **members: Any) -> list[Doc]:
        rows = self.db.execute(
            "select tenant, collection, id, data from documents"
            " where collection = ? and (? is null or tenant = ?) order by id",
            (collection, tenant, tenant),
        )
        docs = [Doc(tenant, kind, id, json.loads(data)) for tenant, kind, id, data in rows]
        return [d for d in docs if all(d.data.get(k) == v for k, v in members.items())]

    def one(self, collection: str, tenant: str | None = None, **members: Any) -> Doc:
        return self.every(collection, tenant, **members)[0]

    def chain(self, of: Doc) -> list[Doc]:
        found = self.every("events", of.tenant, entity=of.entity)
        return sorted(found, key=lambda entry: entry.data["eseq"])

    def chained(self, collection: str, least: int = 2, **members: Any) -> Doc:
        """Return an entity whose chain has at least so many entries."""
        return next(d for d in self.every(collection, **members) if d.data["audit"]["n"] >= least)

    def write(self, doc: Doc) -> None:
        text = json.dumps(doc.data, ensure_ascii=False, separators=(",", ":"))
        self.write_text(doc, text)

    def write_text(self, doc: Doc, text: Any) -> None:
        self.db.execute(
            "insert into documents (tenant, collection, id, revision, data) values (?, ?, ?, 1, ?)"
            " on conflict do update set data = excluded.data",
            (doc.tenant, doc.collection, doc.id, text),
        )

    def unindex(self) -> None:
        """Drop the indexes, which would refuse what is no JSON; the platform makes them anew."""
        for (name,) in self.db.execute(
            "select name from sqlite_schema where type = 'index' and sql is not null"
        ).fetchall():
            self.db.execute(f'drop index "{name}"')

    def change(self, doc: Doc, **members: Any) -> str:
        doc.data.update(members)
        self.write(doc)
        return doc.id

    def delete(self, *docs: Doc) -> None:
        for doc in docs:
            self.db.execute(
                "delete from documents where tenant = ? and collection = ? and id = ?",
                (doc.tenant, doc.collection, doc.id),
            )

    def text(self, doc: Doc) -> str:
        (text,) = self.db.execute(
            "select data from documents where tenant = ? and collection = ? and id = ?",
            (doc.tenant, doc.collection, doc.id),
        ).fetchone()
        return str(text)

    def reword(self, doc: Doc, old: str, new: str) -> str:
        """Change the text of a document, as text."""
        text = self.text(doc)
        assert old in text, (doc, old)
        self.write_text(doc, text.replace(old, new, 1))
        return doc.id

    # --- making it fit ---------------------------------------------------------------------------

    def rechain(self, entity: Doc, chain: list[Doc], sign: Any = None) -> None:
        """Make an entity and its chain fit together; only a signature of a key they have is missing."""
        before, state = ZERO_HASH, state_hash(entity.data)
        for n, entry in enumerate(chain, 1):
            entry.data |= {"eseq": n, "eprev": before}
            if n == len(chain):
                entry.data["state_hash"] = state
            if sign is not None:
                entry.data["kid"], entry.data["sig"] = sign.sign(signed_bytes(entry.data))
            before = hash_of_entry(entry.data)
            self.write(entry)
        audit = {"n": len(chain), "head": before, "state_hash": state, "entry": chain[-1].id}
        self.change(entity, audit=audit)

    # --- the tap ---------------------------------------------------------------------------------

    @property
    def lines(self) -> list[Data]:
        return [json.loads(line) for line in self.tap.read_bytes().splitlines()]

    @lines.setter
    def lines(self, lines: list[Data]) -> None:
        self.tap.write_bytes(b"".join(canonical(line) + b"\n" for line in lines))

    def refit(self, lines: list[Data]) -> None:
        """Write a tap anew, with the running hashes that its lines ask for."""
        from shared.edge.tap import append

        self.tap.unlink()
        append(self.tap, [canonical({k: line[k] for k in ("entry_hash", "id")}) for line in lines])

    def forget(self, *entries: Doc) -> None:
        """Take entries out of the tap, and make it fit."""
        gone = {entry.id for entry in entries}
        self.refit([line for line in self.lines if line["id"] not in gone])

    # --- the file --------------------------------------------------------------------------------

    def grown(self, collection: str) -> tuple[Doc, Doc]:
        """Return an entity that was changed since the backup, and what it was then."""
        with closing(sqlite3.connect(self.older / "store.db")) as older:
            rows = older.execute(
                "select id, data from documents where collection = ?", (collection,)
            )
            then = {id: json.loads(data) for id, data in rows}
        now = next(
            doc
            for doc in self.every(collection)
            if doc.id in then and then[doc.id]["audit"]["n"] < doc.data["audit"]["n"]
        )
        return now, Doc(now.tenant, collection, now.id, then[now.id])
