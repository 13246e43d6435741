"""What has expired is deleted on one machine as Firestore deletes it, however far the clock jumps."""

from datetime import timedelta

import pytest

from local.clock import Clock
from local.timers import ForgetLoop
from shared.documents import Key, Query, Write
from shared.edge.idempotency import Answer
from shared.edge.sqlite import FORGOTTEN_AT_ONCE, SqliteDocuments
from shared.entity import written
from tests.rehearsals.scene import until


@pytest.fixture
def forgetting(tmp_path):
    clock, documents = Clock(tmp_path / "clock"), SqliteDocuments(tmp_path / "store.db")
    loop = ForgetLoop(documents, clock)
    loop.start()
    yield clock, documents
    loop.stop()
    documents.close()


def test_what_has_expired_is_deleted_when_its_time_has_come(forgetting):
    clock, documents = forgetting
    for hours, n in ((1, 2 * FORGOTTEN_AT_ONCE + 1), (3, 1)):
        kept = {"kept_until": written(clock.now() + timedelta(hours=hours))}
        keys = [Key("acme", Answer.collection, f"{hours}-{one}") for one in range(n)]
        documents.commit([Write(key, kept) for key in keys])
    documents.commit([Write(Key("acme", "agents", "for good"), {"n": 1})])

    clock.jump(clock.now() + timedelta(hours=2))
    all_answers = Query(Answer.collection, limit=1000)
    until(lambda: [one.key.id for one in documents.find("acme", all_answers)] == ["3-0"])
    assert documents.get(Key("acme", "agents", "for good"))
