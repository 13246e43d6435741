"""Time, as far as tests of identities say it."""

import pytest

from shared.edge import auth


@pytest.fixture
def clock(monkeypatch):
    """Let only the test say how old what we know of somebody is."""

    class Clock:
        now = 1000.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(auth, "time", clock)
    return clock
