"""A provider, pauses that take no time, and a clock that moves when it is told."""

import pytest

from tests.edge.provider import providing


@pytest.fixture
def provider():
    with providing() as server:
        yield server


@pytest.fixture
def pauses():
    return []


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()
