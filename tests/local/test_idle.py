"""Whether everything waits is said of one moment, although the parts are looked at one after the other."""

import pytest

from benchmarks.spawn import free_port
from local.platform import Platform
from shared.documents import Key, Write
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
