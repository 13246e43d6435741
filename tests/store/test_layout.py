"""A file of an earlier release becomes one of this, once, all or nothing, and nothing is lost."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from local.rows import in_file, snapshot
from shared.documents import ABSENT, Key, Query, Write
from shared.edge.layout import EARLIER, SCHEMA, declared, lay_out
from shared.edge.sqlite import SqliteDocuments

ROOT = Path(__file__).parents[2]
DOCUMENTS = 3000
OLD_INDEX = (
    "agents: tenant, case json_type(data, '$.status') when 'false' then -9e999 when 'true' then"
    " -1.7976931348623157e308 when 'array' then cast(json_extract(data, '$.status') as blob) when 'object' then"
    " cast(json_extract(data, '$.status') as blob) else json_extract(data, '$.status') end, id asc"
)


@pytest.fixture
def earlier(tmp_path):
    """A file as release 0.1.0 left it."""
    file = tmp_path / "store.db"
    columns = OLD_INDEX.partition(": ")[2]
    with closing(sqlite3.connect(file, isolation_level=None)) as store:
        store.execute("pragma journal_mode = wal")
        store.execute("begin")
        store.execute(EARLIER)
        store.execute(
            f"create index \"{OLD_INDEX}\" on documents ({columns}) where collection = 'agents'"
        )
        store.executemany(
            "insert into documents values (?, ?, ?, ?, ?)", map(row, range(DOCUMENTS))
        )
        store.execute("commit")
    return file


def row(n):
    text = f'{{"m":"{"é" * 500}","n":{n},"status":"s{n % 3}"}}'
    return ("acme", "globex")[n % 2], ("agents", "skills")[n % 5 == 0], f"{n:05d}", n + 7, text


def kept(file):
    with closing(sqlite3.connect(file)) as store:
        return sorted(store.execute("select * from documents").fetchall())


def breaks(file):
    with snapshot(file, None) as (connection, _):
        return [said for one in in_file(connection) for said in one.breaks]


def schema(file):
    with closing(sqlite3.connect(file)) as store:
        return dict(store.execute("select name, coalesce(sql, '') from sqlite_schema").fetchall())


def test_it_verifies_before_and_after(earlier):
    assert not breaks(earlier)
    SqliteDocuments(earlier).close()
    assert not breaks(earlier)


def test_every_document_is_kept_with_its_revision(earlier, caplog):
    before, size = kept(earlier), earlier.stat().st_size
    documents = SqliteDocuments(earlier)

    assert kept(earlier) == before == sorted(map(row, range(DOCUMENTS)))
    of_one = documents.get(Key("globex", "agents", "00001"))
    assert of_one.revision == "8"
    documents.commit([Write(of_one.key, {"n": 0}, of_one.revision)])
    assert documents.get(of_one.key).data == {"n": 0}
    assert len(documents.find("acme", Query("skills", limit=1000))) == DOCUMENTS // 10
    documents.close()
    assert schema(earlier)["documents"].split()[2:] == SCHEMA.split()[5:]
    assert OLD_INDEX not in schema(earlier)
    assert {one.name for one in declared()} < set(schema(earlier))
    assert earlier.stat().st_size < size
    assert caplog.messages == [
        f"the store is of an earlier release; its documents are copied once: {DOCUMENTS}",
        "all documents are copied; what is over is given back",
    ]


def test_it_is_done_once(earlier, caplog):
    SqliteDocuments(earlier).close()
    caplog.clear()
    SqliteDocuments(earlier).close()
    assert not caplog.messages


OPENING = """
import logging, sys
from pathlib import Path
from shared.edge import layout
from shared.edge.sqlite import SqliteDocuments

layout.AT_ONCE, layout.TELLING_S = 20, 0
logging.basicConfig(stream=sys.stdout, format="%(message)s")
SqliteDocuments(Path(sys.argv[1]))
print("open", flush=True)
"""


@pytest.mark.parametrize("told", [1, 2, 75, 140])
def test_whoever_is_killed_meanwhile_leaves_it_as_it_was(earlier, told):
    before = kept(earlier)
    command = [sys.executable, "-c", OPENING, str(earlier)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as opening:
        said = [opening.stdout.readline() for _ in range(told)]
        os.kill(opening.pid, signal.SIGKILL)
        rest = opening.stdout.read()
    assert "open\n" not in [*said, *rest.splitlines(keepends=True)]
    assert kept(earlier) == before

    documents = SqliteDocuments(earlier)
    assert kept(earlier) == before
    documents.commit([Write(Key("acme", "agents", "new"), {"n": 1}, ABSENT)])
    documents.close()
    assert not breaks(earlier)


def test_what_cannot_be_finished_changes_nothing(earlier, monkeypatch):
    before = schema(earlier)
    monkeypatch.setattr("shared.edge.layout._move", lambda _: 1 / 0)
    with (
        closing(sqlite3.connect(earlier, isolation_level=None)) as connection,
        pytest.raises(ZeroDivisionError),
    ):
        lay_out(connection, declared())
    assert schema(earlier) == before


FILLING = """
import resource, sys
from pathlib import Path
from shared.edge.sqlite import SqliteDocuments
from shared.errors import StoreUnavailable

_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), hard))
try:
    SqliteDocuments(Path(sys.argv[1]))
except StoreUnavailable as refusal:
    print(refusal)
"""


def test_a_full_disk_is_told_and_changes_nothing(earlier):
    before = kept(earlier)
    command = [sys.executable, "-c", FILLING, str(earlier), str(earlier.stat().st_size)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert "nothing happened, try again" in done.stdout
    assert "rollback" not in done.stdout
    assert kept(earlier) == before
    SqliteDocuments(earlier).close()
    assert kept(earlier) == before
