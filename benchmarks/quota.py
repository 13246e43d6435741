"""
A part of a processor for a process and what comes of it, by Linux's control groups: what a container has that pays for it.

In each tenth of a second it runs for its part of that, and waits for the rest of it. Google does not say by how much
time Cloud Run counts; a tenth of a second is what the kernel takes and what gVisor's containers are usually given.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
PERIOD_US = 100_000
FIRST_V1, FIRST_V2 = 262_144, 10_000
"""The most weight that a group can have: its part is its own also where others want more than there is."""


class NoQuota(Exception):
    """There is none to be had here; it says why."""


@contextmanager
def quota(vcpu: float, root: Path = CGROUPS) -> Iterator[Callable[[], None]]:
    """
    Make a group that has so much of a processor, and yield what a process does to be in it before it begins.

    Raises:
        NoQuota: There is no controller of the processor here, or it is not ours to use.
    """
    group = _parent(root) / f"waooaw-{os.getpid()}-{vcpu:.3f}"
    try:
        group.mkdir()
    except OSError as error:
        raise NoQuota(f"no control group can be made ({error}): run it as root") from error
    try:
        try:
            _limit(group, round(vcpu * PERIOD_US))
        except OSError as error:
            raise NoQuota(f"a control group takes no quota here ({error})") from error
        yield lambda: _join(group)
    finally:
        _remove(group)


def _join(group: Path) -> None:
    (group / "cgroup.procs").write_text(str(os.getpid()))


def _remove(group: Path) -> None:
    """Remove a group; what was in it may take a moment to be gone."""
    for _ in range(100):
        with suppress(OSError):
            group.rmdir()
            return
        time.sleep(0.05)
    group.rmdir()


def _parent(root: Path) -> Path:
    """Return below which group one is made: of the processor's own hierarchy (v1), or of the only one (v2)."""
    if (root / "cpu" / "cpu.cfs_quota_us").exists() or (root / "cpu" / "cgroup.procs").exists():
        return root / "cpu"
    if "cpu" in _read(root / "cgroup.controllers").split():
        if "cpu" not in _read(root / "cgroup.subtree_control").split():
            try:
                (root / "cgroup.subtree_control").write_text("+cpu")
            except OSError as error:
                raise NoQuota(f"the controller of the processor is not ours ({error})") from error
        return root
    raise NoQuota(f"{root} has no controller of the processor")


def _limit(group: Path, quota_us: int) -> None:
    if (group / "cpu.max").exists():
        (group / "cpu.max").write_text(f"{quota_us} {PERIOD_US}")
        (group / "cpu.weight").write_text(str(FIRST_V2))
    else:
        (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
        (group / "cpu.cfs_quota_us").write_text(str(quota_us))
        (group / "cpu.shares").write_text(str(FIRST_V1))


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""
