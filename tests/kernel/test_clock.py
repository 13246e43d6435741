"""The clock: it only goes forward, and no step of the machine's clock moves it."""

from datetime import UTC, datetime, timedelta

import pytest

from local import clock as module
from local.clock import Clock
from local.failures import Failure


class Wall:
    """A machine's clock that somebody sets."""

    def __init__(self):
        self.moment = datetime(2026, 3, 29, 0, 59, tzinfo=UTC)

    def now(self, zone):
        return self.moment.astimezone(zone)


@pytest.fixture
def wall(monkeypatch):
    wall, ticks = Wall(), [1000.0]
    monkeypatch.setattr(module, "datetime", wall)
    monkeypatch.setattr(module.time, "monotonic", lambda: ticks[0])
    wall.pass_s = lambda seconds: ticks.__setitem__(0, ticks[0] + seconds)
    return wall


@pytest.mark.parametrize("step", [timedelta(minutes=5), timedelta(minutes=-5), timedelta(hours=1)])
def test_a_step_of_the_machines_clock_moves_no_deadline(wall, step):
    clock = Clock()
    deadline = clock.now() + timedelta(minutes=60)
    wall.moment += step
    assert clock.seconds_until(deadline) == 3600
    wall.pass_s(3599)
    assert clock.seconds_until(deadline) == 1
    wall.pass_s(1)
    assert clock.now() >= deadline


def test_a_change_to_summer_time_is_no_step_at_all(wall):
    clock = Clock()
    before = clock.now()
    wall.pass_s(120)  # over one in the night of 29 March 2026, when Berlin turns its clocks
    assert clock.now() - before == timedelta(seconds=120)
    assert clock.now().utcoffset() == timedelta(0)


def test_it_jumps_forward_only_and_tells_those_who_wait(wall):
    clock, woken = Clock(), []
    clock.on_jump(lambda: woken.append(clock.now()))
    start = clock.now()
    clock.jump(start + timedelta(hours=4))
    clock.jump(start)
    assert clock.now() == start + timedelta(hours=4)
    assert woken == [clock.now()] * 2


def test_a_restart_does_not_travel_back(wall, tmp_path):
    clock = Clock(tmp_path / "clock")
    clock.jump(clock.now() + timedelta(hours=4))
    wall.pass_s(10)
    wall.moment += timedelta(seconds=10)
    again = Clock(tmp_path / "clock")
    assert again.now() == clock.now()


def test_a_jump_that_is_cut_off_leaves_what_was_kept_before(tmp_path, monkeypatch):
    memory = tmp_path / "clock"
    Clock(memory).jump(datetime.now(UTC) + timedelta(days=2))
    before = Clock(memory)

    def killed(*_):
        raise KeyboardInterrupt

    for cut in ("os.fsync", "pathlib.Path.replace"):
        with monkeypatch.context() as cutting, pytest.raises(KeyboardInterrupt):
            cutting.setattr(cut, killed)
            before.jump(before.now() + timedelta(days=30))
        assert abs(before.now() - Clock(memory).now()) < timedelta(seconds=1)


def test_a_clock_that_was_kept_by_halves_is_said(tmp_path):
    (tmp_path / "clock").write_text("")
    with pytest.raises(Failure, match="by how many seconds"):
        Clock(tmp_path / "clock")
