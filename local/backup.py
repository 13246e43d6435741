"""
Copy a data folder while the platform runs.

The journal of the workflows is copied before the store. A step that the store has and the journal has not
is taken again, under the same key, and does nothing; the other way round it would be lost. The tap is copied
after the store, and no further than the store knows.
"""

import shutil
import sqlite3
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

from local import hints, made
from local.entrance import FILE as SERVED
from local.rows import BROKEN
from shared.edge.tap import copy
from shared.evidence import Entry

DATABASES = ("workflows.db", "services.db", "store.db")
"""In the order in which they are copied."""

TAP = "tap.jsonl"
LEFT = (
    *DATABASES,
    TAP,
    SERVED,
    "*.db-wal",
    "*.db-shm",
    "*.db-lock",
    "demo",
    made.LOCK,
    made.MARK,
    made.KEPT,
)
"""
What is not copied as a file: the databases are copied by SQLite; locks and the secret of the port belong to a
process, marks to a folder, and the demo's folder is another.
"""


def backup(data: Path, to: Path) -> int:
    """
    Copy everything into a new folder, from which the platform can be served, at any port.

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
    # A copy inside the folder is no part of itself.
    inside = [to.name] if to.resolve().parent == data.resolve() else []
    ignored = shutil.ignore_patterns(*LEFT, *inside)
    shutil.copytree(data, to, ignore=ignored, dirs_exist_ok=True)
    for path in (to, *to.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return sum(file.stat().st_size for file in to.rglob("*") if file.is_file())


def _entries(store: Path, wanted: set[str]) -> set[str]:
    """Return which of some entries a store has."""
    with closing(sqlite3.connect(store)) as database:
        rows = database.execute(
            "select id from documents where collection = ?", (Entry.collection,)
        )
        return {id for (id,) in rows if id in wanted}


def back_up(data: Path, to: Path) -> int:
    """Copy the data folder, and say what the copy holds and what to do with it."""
    if not (data / "store.db").exists() or to.exists():
        print(f"There must be a store in {data}, and nothing at {to} yet.", file=sys.stderr)
        return 2
    try:
        size = backup(data, to)
    except (OSError, shutil.Error, *BROKEN) as error:
        shutil.rmtree(to, ignore_errors=True)
        print(f"{data} could not be copied, and nothing is left at {to}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        shutil.rmtree(to, ignore_errors=True)
        raise
    print(
        f"{to} holds {size / 1e6:.1f} MB: every tenant's documents, and the private keys that sign"
    )
    print("evidence and tokens. Keep it as you keep those: whoever reads it can sign in, and sign.")
    print(f"  verify it   {hints.local('verify', DATA=to)}")
    print(f"  serve it    {hints.make('run', DATA=to)}    at any PORT")
    return 0
