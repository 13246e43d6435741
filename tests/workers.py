"""Tests on several workers: who runs what, and how they share what is costly to make."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

from pytest import TempPathFactory
from xdist.scheduler import LoadScopeScheduling

TOGETHER = ("tests/archive/",)
"""Suites whose files share something that takes many seconds to make."""


class Sharing(LoadScopeScheduling):  # type: ignore[misc]
    """Gives a worker a whole file, and of some suites all of them."""

    def _split_scope(self, nodeid):
        file = nodeid.partition("::")[0]
        return next((suite for suite in TOGETHER if file.startswith(suite)), file)


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
