"""The whole platform."""

import pytest

from benchmarks.spawn import free_port
from local.platform import Platform
from tests.rehearsals.kept import rehearsed

__all__ = ["rehearsed"]


@pytest.fixture
def platform(tmp_path):
    platform = Platform(tmp_path, port=free_port()).start()
    yield platform
    platform.stop()
