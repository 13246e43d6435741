"""
Copy a data folder while the platform runs: ``python -m local.backup TO``; DATA names another folder.

The journal of the workflows is copied before the store. A step that the store has and the journal has not
is taken again, under the same key, and does nothing; the other way round it would be lost. The tap is copied
after the store, and no further than the store knows.
"""

import os
import shutil
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from local import hints, made
from local.entrance import FILE
from shared.edge.tap import copy
from shared.evidence import Entry

DATABASES = ("workflows.db", "services.db", "store.db")
"""In the order in which they are copied."""

TAP = "tap.jsonl"
LEFT = (*DATABASES, TAP, FILE, "*.db-wal", "*.db-shm", made.LOCK, made.MARK)
"""What is not copied as a file: the databases are copied by SQLite, locks and addresses belong to a process, marks to a folder."""


def backup(data: Path, to: Path) -> int:
    """
    Copy everything into a new folder, from which the platform can be served.

    Returns:
        How many bytes the copy has.
    """
    to.mkdir(parents=True, mode=0o700)
    tap = data / TAP
    tapped = tap.stat().st_size if tap.exists() else 0
    for name in DATABASES:
        if (data / name).exists():
            with closing(sqlite3.connect(data / name)) as database:
                database.execute("VACUUM INTO ?", (str(to / name),))
            (to / name).chmod(0o600)
    if tap.exists():
        copy(tap, to / TAP, sure=tapped, stored=partial(_entries, to / "store.db"))
    shutil.copytree(data, to, ignore=shutil.ignore_patterns(*LEFT), dirs_exist_ok=True)
    to.chmod(0o700)
    return sum(file.stat().st_size for file in to.rglob("*") if file.is_file())


def _entries(store: Path, wanted: set[str]) -> set[str]:
    """Return which of some entries a store has."""
    with closing(sqlite3.connect(store)) as database:
        rows = database.execute(
            "select id from documents where collection = ?", (Entry.collection,)
        )
        return {id for (id,) in rows if id in wanted}


def main(arguments: Sequence[str]) -> int:
    """Copy the data folder, and say what to do with the copy."""
    data = Path(os.environ.get("DATA") or hints.USUAL["DATA"])
    if len(arguments) != 1:
        print("usage: python -m local.backup TO", file=sys.stderr)
        return 2
    to = Path(arguments[0])
    if not (data / "store.db").exists() or to.exists():
        print(f"There must be a store in {data}, and nothing at {to} yet.", file=sys.stderr)
        return 2
    size = backup(data, to)
    print(f"{to} holds {size / 1e6:.1f} MB; verify it: {hints.local('verify', DATA=to)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
