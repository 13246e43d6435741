"""
How the file of the embedded store is laid out, and how that of an earlier release becomes so.

All of it happens when the store is opened, and nothing of it in a request: an index of a million documents takes
seconds, in which nobody writes.
"""

import json
import logging
import sqlite3
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path

from shared.edge.sql import Index

log = logging.getLogger("waooaw.sqlite")

SCHEMA = """
create table if not exists documents (
  tenant text not null, collection text not null, id text not null,
  revision integer not null, data text not null,
  primary key (tenant, collection, id)
)
"""

EARLIER = f"{SCHEMA.rstrip()} without rowid\n"
"""How releases until 0.1.0 laid it out: rows of kilobytes in the leaves of a key."""

DECLARED = Path(__file__).with_name("indexes.json")
"""The indexes of all queries that the code asks; `make indexes` writes them."""

TELLING_S = 5.0
"""How often it is told how far something is that takes long."""

AT_ONCE = 1000
CACHE_KIB = 128 * 1024


@cache
def declared() -> tuple[Index, ...]:
    """Return the indexes that every store has."""
    named = (Index.named(name) for name in json.loads(DECLARED.read_text()))
    return tuple(index for index in named if index)


def lay_out(connection: sqlite3.Connection, indexes: Iterable[Index]) -> None:
    """Give a file its table and these indexes, as far as it has them not; it is all or nothing."""
    there = _there(connection)
    lacking = [one for one in indexes if one.name not in there]
    if "documents" in there and not lacking and not _is_earlier(there["documents"]):
        return
    connection.execute("begin immediate")
    try:
        there = _there(connection)
        earlier = "documents" in there and _is_earlier(there["documents"])
        if earlier:
            connection.execute("alter table documents rename to earlier")
        connection.execute(SCHEMA)
        if connection.execute("select 1 from documents limit 1").fetchone():
            log.warning("making %d new indexes of what is stored", len(lacking))
        for index in indexes if earlier else lacking:
            connection.execute(index.statement)
        if earlier:
            _move(connection)
        connection.execute("commit")
    except BaseException:
        with suppress(sqlite3.Error):
            # A full disk has rolled it back already.
            connection.execute("rollback")
        raise
    if earlier:
        # What the earlier layout took is given back; where there is no room for that, it is used again in time.
        with suppress(sqlite3.Error):
            connection.execute("vacuum")


def _move(connection: sqlite3.Connection) -> None:
    """Copy every document from the earlier table, and drop that."""
    (total,) = connection.execute("select count(*) from earlier").fetchone()
    if total:
        log.warning("the store is of an earlier release; its documents are copied once: %d", total)
    # The entries of indexes come in no order of theirs.
    connection.execute(f"pragma cache_size = -{CACHE_KIB}")
    done, told = 0, time.monotonic()
    rows = connection.execute("select tenant, collection, id, revision, data from earlier")
    while some := rows.fetchmany(AT_ONCE):
        connection.executemany("insert into documents values (?, ?, ?, ?, ?)", some)
        done += len(some)
        if time.monotonic() - told >= TELLING_S:
            told = time.monotonic()
            log.warning("%d of %d documents are copied", done, total)
    connection.execute("drop table earlier")
    if total:
        log.warning("all documents are copied; what is over is given back")


def _there(connection: sqlite3.Connection) -> dict[str, str]:
    rows = connection.execute("select name, coalesce(sql, '') from sqlite_schema")
    return dict(rows.fetchall())


def _is_earlier(made: str) -> bool:
    return made.lower().split()[-2:] == ["without", "rowid"]
