"""A whole run: what takes long begins, and lines are counted in the suites that are about them and in no others."""

import os
from pathlib import Path

from tests.counted import TOLD, UNCOUNTED, Counting
from tests.workers import LONG, place


class Counter:
    """Remembers what it was told, and what processes that are started then are told."""

    def __init__(self):
        self.told = []

    def start(self):
        self.told.append(("start", os.environ.get(TOLD)))

    def stop(self):
        self.told.append(("stop", os.environ.get(TOLD)))

    def save(self):
        self.told.append("save")


def test_a_suite_that_is_not_counted_neither_counts_here_nor_in_what_it_starts(monkeypatch):
    monkeypatch.setenv(TOLD, "how")
    counter = Counter()
    counting = Counting(counter)
    for name in ("kernel/test_a.py", "fuzz/test_b.py", "proofs/test_c.py", "edge/test_d.py"):
        counting.pytest_runtest_logstart(f"tests/{name}::test_it")
    counting.pytest_sessionfinish()
    assert counter.told == [("stop", None), ("start", "how"), ("stop", "how"), "save"]


def test_what_takes_long_begins():
    tests = ["tests/agents/a.py::x", "tests/proofs/b.py::x", "tests/kernel/c.py::x"]
    assert sorted(tests, key=place) == [tests[1], tests[0], tests[2]]


def test_each_suite_that_is_told_apart_is_there():
    assert all(Path(suite).is_dir() for suite in (*UNCOUNTED, *LONG))
