"""Bad days: a full disk, a locked database. A clear refusal, nothing half-written, and on it goes."""

import resource
import signal
import sqlite3
from contextlib import closing

import pytest

from benchmarks.process import Process
from local.rows import everything
from local.story import catalogue
from local.story.acts import AUTHOR
from local.story.client import Client, Refused
from local.verify import examined
from shared.edge.sqlite import SqliteDocuments
from tests.worlds import a_world

pytestmark = pytest.mark.slow

DISK_BYTES = 900_000


def propose(client, n):
    skill = catalogue.SKILLS[0]() | {"name": f"Skill {n}", "skill_key": f"skill-{n}"}
    return client.post(AUTHOR, "/v1/genesis/skills", skill, key=f"skill-{n}")


def test_a_full_disk_refuses_and_loses_nothing(tmp_path):
    cramped = Process(tmp_path)
    cramped.start()
    resource.prlimit(cramped.process.pid, resource.RLIMIT_FSIZE, (DISK_BYTES, DISK_BYTES))
    client, kept = Client(cramped.address, cramped.secret), []
    with pytest.raises(Refused) as refused:
        for n in range(500):
            kept.append(propose(client, n)["id"])  # noqa: PERF401 - what was kept counts
    assert refused.value.code == "store_unavailable"
    assert refused.value.status == 503
    assert kept, "the disk was full from the beginning"
    cramped.stop(signal.SIGKILL)

    roomy = Process(tmp_path, port=cramped.port)
    roomy.start()
    client = Client(roomy.address, roomy.secret)
    again = propose(client, len(kept))
    assert again["id"] not in kept
    assert propose(client, 0)["id"] == kept[0]
    roomy.stop(signal.SIGTERM)
    assert examined(tmp_path).breaks == []
    documents = SqliteDocuments(tmp_path / "store.db")
    assert set(kept) <= {one.key.id for one in everything(documents, "skills")}
    documents.close()


@pytest.fixture
def alone(tmp_path, keys):
    """Open a world whose store nobody else has open."""
    with closing(SqliteDocuments(tmp_path / "store.db")) as documents:
        yield a_world(tmp_path, keys, documents)


def test_a_locked_database_refuses_and_recovers(alone, monkeypatch):
    from functions.genesis.create_skill import create_skill

    monkeypatch.setattr("shared.edge.sqlite.BUSY_TIMEOUT_MS", 50)
    file = alone.ports.settings.data / "store.db"
    skill = catalogue.SKILLS[0]()
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("begin immediate")
    answer = alone.call(create_skill, "/v1/genesis/skills", skill, as_=AUTHOR)
    assert answer.status_code == 503
    assert answer.json["code"] == "store_unavailable"
    assert answer.headers["Retry-After"]
    holder.execute("rollback")
    holder.close()
    answer = alone.call(create_skill, "/v1/genesis/skills", skill, as_=AUTHOR)
    assert answer.status_code == 201
