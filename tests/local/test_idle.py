"""Whether everything waits is said of one moment, although the parts are looked at one after the other."""

import threading

import pytest

from benchmarks.spawn import free_port
from local.platform import Platform
from shared.documents import Key, Write
from shared.edge.queue import Delivery, delivery_key
from tests.rehearsals.scene import until


@pytest.fixture
def platform(tmp_path):
    platform = Platform(tmp_path, port=free_port()).start()
    yield platform
    platform.stop()


def test_what_is_handed_on_during_the_look_is_under_way(platform, monkeypatch):
    until(platform.idle)

    def delivered():
        """Finish a delivery between two looks: what it committed is for a part that was looked at already."""
        platform.documents.commit([Write(Key("platform", "things", "1"), {"id": "1"})])
        return True

    monkeypatch.setattr(platform.dispatcher, "idle", delivered)
    assert not platform.idle()
    assert platform._jumped(None) == (False, None)
    monkeypatch.undo()
    until(platform.idle)


def waiting(n):
    """Return the write that puts one of several deliveries of one lane into the queue."""
    one = Delivery(
        id=f"nobody.takes:{n}",
        consumer="nobody.takes",
        topic="agents",
        subject="agents/1",
        attributes={"type": "com.waooaw.agent.created.v1"},
        data="{}",
    )
    return Write(delivery_key(one.id), one.to_stored())


def test_what_comes_into_the_queue_again_just_as_it_is_settled_does_not_stay_there(platform):
    until(platform.idle)
    put = waiting(1)
    settled = []

    def publish_again(writes):
        """Publish it once more when it is deleted: whoever was killed before they could note it does so."""
        if any(write.key == put.key and write.data is None for write in writes):
            settled.append(put.key.id)
            if len(settled) == 1:
                platform.documents.commit([put])

    platform.documents.on_commit(publish_again)
    platform.dispatcher._attempt = lambda delivery: platform.documents.commit(
        [Write(delivery_key(delivery.id), None)]
    )
    platform.documents.commit([put])
    until(lambda: len(settled) == 2)
    assert platform.documents.get(put.key) is None
    until(platform.idle)


def test_what_comes_into_the_queue_again_before_it_is_settled_is_delivered_once(platform):
    until(platform.idle)
    begun, go_on = [], threading.Event()

    def attempt(delivery):
        begun.append(delivery.id)
        go_on.wait(10)
        platform.documents.commit([Write(delivery_key(delivery.id), None)])

    platform.dispatcher._attempt = attempt
    platform.documents.commit([waiting(1)])
    until(lambda: begun)
    for n in (1, 2, 2, 3, 1):
        platform.documents.commit([waiting(n)])
    go_on.set()
    until(platform.idle)
    assert begun == [waiting(n).key.id for n in (1, 2, 3)]
