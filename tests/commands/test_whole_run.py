"""A whole run: what takes long begins."""

from pathlib import Path

from tests.workers import LONG, place


def test_what_takes_long_begins():
    tests = ["tests/agents/a.py::x", "tests/proofs/b.py::x", "tests/kernel/c.py::x"]
    assert sorted(tests, key=place) == [tests[1], tests[0], tests[2]]


def test_each_suite_that_is_told_apart_is_there():
    assert all(Path(suite).is_dir() for suite in LONG)
