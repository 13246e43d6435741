"""What only a file can do to us: the process dies, the disk is full, somebody else holds the lock."""

import fcntl
import gc
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from shared.documents import ABSENT, Contended, Write
from shared.edge import sqlite
from shared.edge.layout import declared
from shared.edge.sql import Index
from shared.edge.sqlite import SqliteDocuments
from shared.errors import Rejected, StoreUnavailable
from tests.store.conftest import key, put, query

ROOT = Path(__file__).parents[2]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "data" / "store.db"


@pytest.fixture
def store(file):
    documents = SqliteDocuments(file)
    yield documents
    documents.close()


def run(program, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


WRITING = """
import sys, threading
from pathlib import Path
from shared.edge.sqlite import SqliteDocuments
from shared.documents import ABSENT, Key, Write

documents = SqliteDocuments(Path(sys.argv[1]))
saying = threading.Lock()

def write(writer):
    n = 0
    while True:
        pair = [Write(Key("acme", f"{side}s", f"{writer}-{n}"), {"n": n}, ABSENT) for side in ("left", "right")]
        documents.commit(pair)
        with saying:
            print(f"{writer}-{n}", flush=True)
        n += 1

for writer in range(3):
    threading.Thread(target=write, args=(writer,), daemon=True).start()
threading.Event().wait()
"""


@pytest.mark.parametrize("acknowledged", [1, 40, 150])
def test_a_killed_process_loses_nothing_that_was_acknowledged(file, acknowledged):
    with run(WRITING, file) as writing:
        said = [writing.stdout.readline().strip() for _ in range(acknowledged)]
        os.kill(writing.pid, signal.SIGKILL)
        said += writing.stdout.read().split()

    documents = SqliteDocuments(file)
    left, right = (_all_ids(documents, side) for side in ("lefts", "rights"))
    assert set(said) <= left
    assert left == right
    documents.commit([Write(key("a"), {"n": 1}, ABSENT)])
    documents.close()


def _all_ids(documents, collection):
    whole = query(limit=100_000)
    return {f.key.id for f in documents.find("acme", type(whole)(collection, limit=100_000))}


@pytest.fixture
def locked(store, file, monkeypatch):
    """Have somebody else hold the write lock, longer than we wait."""
    put(store, {"a": {"n": 1}})
    store.close()
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_MS", 50)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("begin immediate")
    yield store
    other.close()


def test_a_locked_file_is_unavailable_for_writing_and_not_for_reading(locked, file):
    with pytest.raises(StoreUnavailable, match="nothing happened, try again"):
        put(locked, {"a": {"n": 2}})

    assert locked.get(key("a")).data == {"n": 1}
    assert [f.key.id for f in locked.find("acme", query(("n", "==", 1), order="n"))] == ["a"]
    assert locked.count(None, query(("n", "==", 1))) == 1


def test_a_file_is_written_again_as_soon_as_it_is_free(store, file, monkeypatch):
    put(store, {"a": {"n": 1}})
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("begin immediate")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(put, store, {"a": {"n": 2}})
        other.rollback()
        waiting.result(timeout=10)
    other.close()

    assert store.get(key("a")).data == {"n": 2}


def test_a_store_is_opened_while_somebody_else_writes(locked, file):
    SqliteDocuments(file).close()


def test_no_query_makes_an_index(store, file):
    put(store, {"a": {"n": 1}})
    before = _indexes(file)
    assert [f.key.id for f in store.find("acme", query(("n", "==", 1), order="-t"))] == []
    assert [f.key.id for f in store.find("acme", query(("n", "in", (1, 2))))] == ["a"]
    assert store.count(None, query(("n", "==", 1))) == 1

    assert _indexes(file) == before
    assert set(before) == {index.name for index in declared()}


def test_an_index_is_made_when_a_store_is_opened_that_has_it_not(store, file, caplog):
    put(store, {"a": {"n": 1}, "b": {"n": 2}})
    store.close()
    index = Index.of("acme", query(order="n"))
    with closing_store(SqliteDocuments(file, [index])) as opened:
        assert [f.key.id for f in opened.find("acme", query(order="-n"))] == ["b", "a"]
        assert index.name in _plan(file, opened, query(order="-n"))
    assert index.name in _indexes(file)
    assert caplog.messages == ["making 1 new indexes of what is stored"]
    SqliteDocuments(file, [index]).close()
    assert len(caplog.messages) == 1


def test_a_query_and_its_reverse_share_one_index():
    queries = [query(("t", "==", "x"), order=order) for order in ("n", "-n")]
    (index,) = {Index.of("acme", asked) for asked in queries}
    assert index.name == "things: tenant, $.t by $.n, id"


@pytest.mark.parametrize("tenant", ["acme", None])
@pytest.mark.parametrize(
    "asked",
    [
        query(("n", "==", 1)),
        query(("n", "in", (1, 2))),
        query(("n", "==", 1), order="-t"),
        query(("n", "in", (1, 2)), ("b", "==", True), order="t"),
        query(("n", ">", 1), order="n -t"),
        query(order="n"),
        query(("n", "==", None)),
    ],
)
def test_a_query_reads_what_its_index_says_in_the_order_of_it(tmp_path, tenant, asked):
    index = Index.of(tenant, asked)
    assert Index.named(index.name) == index
    file = tmp_path / "store.db"
    with closing_store(SqliteDocuments(file, [index])) as store:
        plan = _plan(file, store, asked, tenant)
    assert f"USING INDEX {index.name}" in plan
    assert "PRIMARY KEY" not in plan
    assert "TEMP B-TREE" not in plan


def test_a_query_that_nobody_declared_reads_the_largest_index_that_is_a_part_of_it(tmp_path):
    file = tmp_path / "store.db"
    parts = [query(order="-n"), query(("t", "==", "x"), order="-n"), query(order="t")]
    indexes = [Index.of("acme", part) for part in parts]
    asked = query(("t", "==", "x"), ("b", "==", True), order="-n")
    with closing_store(SqliteDocuments(file, indexes)) as store:
        put(store, {"a": {"t": "x", "b": True, "n": 1}, "b": {"t": "x", "b": False, "n": 1}})
        assert indexes[1].name in _plan(file, store, asked)
        assert [f.key.id for f in store.find("acme", asked)] == ["a"]


def test_a_query_across_tenants_has_an_index_of_its_own():
    asked = query(("n", "==", 1))
    assert Index.of("acme", asked).name == "things: tenant, $.n by id"
    assert Index.of(None, asked).name == "things: $.n by tenant, id"


def test_fields_of_similar_names_have_indexes_of_their_own():
    assert Index.of("acme", query(order="a.b")) != Index.of("acme", query(order="a_b"))


@pytest.mark.parametrize(
    "name", ["things", "things: n by id", "things: tenant by x'", "a b: by id"]
)
def test_what_is_no_name_of_an_index_is_none(name):
    assert Index.named(name) is None


@contextmanager
def closing_store(store):
    yield store
    store.close()


def _indexes(file):
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute("select name from sqlite_master where type = 'index'")
        return [name for (name,) in rows if not name.startswith("sqlite_")]


def _plan(file, store, asked, tenant="acme"):
    asking = []
    rows = store._rows
    store._rows = lambda statement, values: (
        asking.append((statement, values)) or rows(statement, values)
    )
    store.find(tenant, asked)
    store._rows = rows
    statement, values = asking[-1]
    with closing(sqlite3.connect(file)) as connection:
        return str(connection.execute(f"explain query plan {statement}", values).fetchall())


FILLING = """
import resource, sys
from pathlib import Path
from shared.edge.sqlite import SqliteDocuments
from shared.errors import StoreUnavailable
from shared.documents import ABSENT, Key, Write

documents = SqliteDocuments(Path(sys.argv[1]))
text = "x" * 20_000

def pair(n):
    return [Write(Key("acme", f"{side}s", f"{n}"), {"text": text}, ABSENT) for side in ("left", "right")]

_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
written = 0
try:
    while True:
        documents.commit(pair(written))
        written += 1
except StoreUnavailable as refusal:
    print(written, refusal.retry_after_s)
print(documents.get(Key("acme", "lefts", f"{written}")), documents.get(Key("acme", "rights", f"{written}")))
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
documents.commit(pair(written))
print("again", len(documents.get(Key("acme", "rights", f"{written}")).data["text"]))
"""


def test_a_full_disk_refuses_the_whole_commit_and_works_again_with_room(file):
    with run(FILLING, file) as filling:
        said, _ = filling.communicate(timeout=60)

    full, nothing, again = said.splitlines()
    written, retry_after_s = map(int, full.split())
    assert written > 1
    assert retry_after_s == 5
    assert nothing == "None None"
    assert again == "again 20000"
    documents = SqliteDocuments(file)
    assert len(_all_ids(documents, "lefts")) == len(_all_ids(documents, "rights")) == written + 1


def test_closing_waits_for_what_was_asked_before(store, file):
    put(store, {"a": {"n": 1}})
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("begin immediate")
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(put, store, {"a": {"n": 2}})
        _until(store._queue.empty)
        second = pool.submit(put, store, {"b": {"n": 2}})
        _until(lambda: store._queue.qsize() == 1)
        last = pool.submit(store.close)
        _until(lambda: store._queue.qsize() == 2)
        other.rollback()
        for asked in (first, second, last):
            asked.result(timeout=10)
    other.close()

    assert [f.data for f in store.find("acme", query())] == [{"n": 2}, {"n": 2}]
    put(store, {"c": {"n": 3}})


def _until(holds):
    until = time.monotonic() + 4
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.001)


def test_two_processes_use_one_file(store, file):
    put(store, {"a": {"n": 1}})
    seen = store.get(key("a"))
    other = SqliteDocuments(file)
    other.commit([Write(key("a"), {"n": 2}, other.get(key("a")).revision)])
    other.close()

    assert store.get(key("a")).data == {"n": 2}
    with pytest.raises(Contended):
        store.commit([Write(key("a"), {"n": 3}, seen.revision)])


def test_writers_take_turns_and_who_waits_for_one_goes_with_those_behind(store, file, monkeypatch):
    put(store, {"a": {"n": 0}})
    together = []
    carried_out = sqlite._carry_out
    monkeypatch.setattr(
        sqlite,
        "_carry_out",
        lambda *given: [together.append(len(given[1])), carried_out(*given)][1],
    )
    with ThreadPoolExecutor(3) as pool, Path(f"{file}-lock").open("w") as turns:
        fcntl.flock(turns, fcntl.LOCK_EX)
        first = pool.submit(put, store, {"b": {"n": 1}})
        _until(store._queue.empty)
        behind = [pool.submit(put, store, {name: {"n": 1}}) for name in "cd"]
        _until(lambda: store._queue.qsize() == 2)
        assert not first.done()
        fcntl.flock(turns, fcntl.LOCK_UN)
        for asked in (first, *behind):
            asked.result(timeout=10)
    assert together == [3]


def test_a_few_connections_serve_all_who_read(store, file, monkeypatch):
    put(store, {"a": {"n": 1}})
    opened, connect = [], store._connect
    monkeypatch.setattr(store, "_connect", lambda: opened.append(1) or connect())
    assert store.get(key("a")).data == {"n": 1}
    with ThreadPoolExecutor(16) as pool:
        read = [pool.submit(store.get, key("a")) for _ in range(400)]
        assert all(one.result().data == {"n": 1} for one in read)
    assert 1 <= len(opened) <= sqlite.READERS
    with pytest.raises(Rejected):
        store._rows("no statement", ())
    assert store._room.qsize() == sqlite.READERS


def test_a_listener_hears_of_what_is_durable_and_of_nothing_else(store, file):
    heard = []
    store.on_commit(lambda writes: heard.append([w.key.id for w in writes]))
    put(store, {"a": {"n": 1}, "b": {"n": 1}})
    with pytest.raises(Contended):
        store.commit([Write(key("a"), {"n": 2}, ABSENT)])
    store.commit([])

    assert heard == [["a", "b"]]


def test_one_refused_commit_does_not_touch_the_others_of_its_batch(store):
    put(store, {"taken": {"n": 0}})
    start = threading.Barrier(8)

    def write(n):
        start.wait()
        for turn in range(20):
            mine = Write(key(f"{n}-{turn}"), {"n": n})
            if turn % 2:
                store.commit([mine])
            else:
                with pytest.raises(Contended):
                    store.commit([mine, Write(key("taken"), {"n": n}, ABSENT)])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    kept = {f.key.id for f in store.find("acme", query(limit=1000))}
    assert kept == {"taken", *(f"{n}-{turn}" for n in range(8) for turn in range(1, 20, 2))}


def test_a_file_that_is_no_store_is_unavailable(file):
    file.parent.mkdir()
    file.write_bytes(b"this is no database" * 100)

    with pytest.raises(StoreUnavailable, match="not a database"):
        SqliteDocuments(file)


def test_a_new_file_that_somebody_else_holds_is_unavailable(file, monkeypatch):
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_MS", 50)
    file.parent.mkdir()
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("pragma journal_mode = wal")
    other.execute("begin immediate")

    with pytest.raises(StoreUnavailable, match="locked"):
        SqliteDocuments(file)
    other.close()


def test_a_place_where_no_file_can_be_is_unavailable(tmp_path):
    (tmp_path / "store.db").mkdir()

    with pytest.raises(StoreUnavailable, match="unable to open"):
        SqliteDocuments(tmp_path / "store.db")


def test_what_is_no_json_says_nothing_keeps_out_no_other_and_can_be_removed(store, file):
    put(store, {"a": {"n": 1}, "b": {"n": 2}})
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("update documents set data = '{' where id = 'a'")
        connection.commit()
    found = store.find("acme", query())
    assert [one.key.id for one in found] == ["a", "b"]
    assert store.get(key("a")).data == {} != found[1].data
    store.commit([Write(found[0].key, None, found[0].revision)])
    assert [one.key.id for one in store.find("acme", query())] == ["b"]


def test_what_sqlite_refuses_for_good_is_a_defect(store, file, caplog):
    put(store, {"a": {"n": 1}})
    store.close()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("drop table documents")

    for ask in (lambda: store.get(key("a")), lambda: put(store, {"a": {"n": 1}})):
        with pytest.raises(Rejected, match="refuses this for good"):
            ask()
        assert caplog.messages.pop() == "SQLite refuses for good: no such table: documents"


def test_an_error_that_is_not_of_the_file_is_none_of_it(store, monkeypatch):
    monkeypatch.setattr(sqlite, "apply", lambda *_: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        put(store, {"a": {"n": 1}})


def test_what_is_kept_no_longer_is_deleted_a_little_at_a_time(tmp_path):
    index = Index.of(None, query(order="kept_until"))
    with closing_store(SqliteDocuments(tmp_path / "store.db", [index])) as store:
        put(store, {f"{n}": {"kept_until": f"2026-01-01T12:00:0{n}.000Z"} for n in range(5)})
        put(store, {"5": {"kept_until": "2026-01-01T12:00:01.000Z"}}, "globex")
        put(store, {"for good": {"n": 1}})
        until = "2026-01-01T12:00:03.000Z"

        assert [store.forget(until, most=2) for _ in range(4)] == [2, 2, 1, 0]
        assert {f.key.id for f in store.find("acme", query())} == {"4", "for good"}
        assert store.find("globex", query()) == []


def test_what_is_kept_longer_meanwhile_is_not_deleted(tmp_path, monkeypatch):
    index = Index.of(None, query(order="kept_until"))
    with closing_store(SqliteDocuments(tmp_path / "store.db", [index])) as store:
        put(store, {"a": {"kept_until": "2026-01-01T12:00:00.000Z"}})
        found = store._found

        def then_kept(*asked):
            seen = found(*asked)
            put(store, {"a": {"kept_until": "2030-01-01T12:00:00.000Z"}})
            return seen

        monkeypatch.setattr(store, "_found", then_kept)
        assert store.forget("2026-01-01T12:00:03.000Z") == 0
        assert store.get(key("a"))


def test_a_store_that_nobody_has_any_more_leaves_no_connection_open(tmp_path):
    for n in range(20):
        documents = SqliteDocuments(tmp_path / f"{n}.db", ())
        assert documents.get(key("a")) is None
        # In a circle, all of it goes at once, and in any order.
        vars(documents)["itself"] = documents
    del documents
    gc.collect()


def test_whoever_waits_too_long_for_a_turn_gives_up_and_nothing_happens(tmp_path, monkeypatch):
    documents, one = SqliteDocuments(tmp_path / "store.db"), key("a")
    documents.commit([Write(one, {"n": 1})])
    monkeypatch.setattr("shared.edge.sqlite.BUSY_TIMEOUT_MS", 100)
    with (tmp_path / "store.db-lock").open("rb") as standing:
        fcntl.flock(standing, fcntl.LOCK_EX)
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="nothing happened"):
                documents.commit([Write(one, {"n": 2})])
        assert documents.get(one).data == {"n": 1}
    monkeypatch.setattr("shared.edge.sqlite.BUSY_TIMEOUT_MS", 5_000)
    documents.commit([Write(key("b"), {})])
    assert documents.get(one).data == {"n": 1}
    documents.close()


def test_a_store_is_closed_though_another_stands_still(tmp_path, monkeypatch):
    documents = SqliteDocuments(tmp_path / "store.db")
    documents.commit([Write(key("a"), {})])
    monkeypatch.setattr("shared.edge.sqlite.BUSY_TIMEOUT_MS", 100)
    with (tmp_path / "store.db-lock").open("rb") as standing:
        fcntl.flock(standing, fcntl.LOCK_EX)
        with pytest.raises(StoreUnavailable):
            documents.commit([Write(key("b"), {})])
        writer = documents._writer
        documents.close()
    writer.join(5)
    assert not writer.is_alive()
