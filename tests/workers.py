"""Tests on several workers: who runs what, and how they share what is costly to make."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

from pytest import TempPathFactory
from xdist.scheduler import LoadScopeScheduling

TOGETHER = ("tests/archive/",)
"""Suites whose files share something that takes many seconds to make."""

LONG = tuple(
    f"tests/{suite}/"
    for suite in ("archive", "proofs", "infra", "rolling", "fuzz", "e2e", "workflows", "store")
)
"""Suites whose files take longest, though their tests are few; they begin, so that nobody waits for one of them in the end."""


class Sharing(LoadScopeScheduling):  # type: ignore[misc]
    """Gives a worker a whole file, and of some suites all of them, in the order in which they are found."""

    def __init__(self, config, log):
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid):
        file = nodeid.partition("::")[0]
        return next((suite for suite in TOGETHER if file.startswith(suite)), file)


def place(nodeid):
    """Return how early a test is handed out."""
    return next((n for n, suite in enumerate(LONG) if nodeid.startswith(suite)), len(LONG))


def made_once(tmp_path_factory: TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder that *make* filled, once for all workers of this run."""
    folder = tmp_path_factory.getbasetemp() / name
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = tmp_path_factory.getbasetemp().parent / name
    with Path(f"{folder}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            making = folder.with_name(f"{name}.making")
            making.mkdir()
            make(making)
            making.rename(folder)
    return folder
