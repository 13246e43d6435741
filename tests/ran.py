"""
Every test runs exactly once over the commands of a whole run, and none is skipped: ``python -m tests.ran``.

Each command that is given RAN=FILE adds to the file what it ran; the end compares this with what there is.
"""

import json
import os
import sys
from collections import Counter
from pathlib import Path

import pytest

FILE = Path("build/ran")


class Ran:
    """Writes down each test that ran, and why it was skipped if it was."""

    def __init__(self, file):
        file.parent.mkdir(parents=True, exist_ok=True)
        self.file, self.skipped = file, {}

    def pytest_runtest_logreport(self, report):
        if report.skipped and not hasattr(report, "wasxfail"):
            self.skipped[report.nodeid] = report.longrepr[2]
        if report.when == "teardown":
            with self.file.open("a") as out:
                out.write(json.dumps([report.nodeid, self.skipped.pop(report.nodeid, "")]) + "\n")


class There:
    """Remembers which tests there are."""

    def pytest_collection_finish(self, session):
        self.tests = [item.nodeid for item in session.items]


def write_down(config):
    """Write down what this command runs, if it is told to; what it starts itself leaves that to it."""
    if file := os.environ.pop("RAN", None):
        config.pluginmanager.register(Ran(Path(file)))


def wrong(tests, ran):
    """Say what did not run exactly once."""
    times = Counter(test for test, _ in ran)
    yield from (f"{test} never ran" for test in sorted(set(tests) - times.keys()))
    yield from (f"{test} ran {n} times" for test, n in sorted(times.items()) if n > 1)
    yield from (f"{test} was skipped: {why}" for test, why in sorted(ran) if why)


def main():
    there = There()
    quietly = ["-o", "addopts=", "-p", "no:terminal", "-p", "no:cacheprovider"]
    pytest.main(["--collect-only", *quietly, "tests"], plugins=[there])
    ran = [json.loads(line) for line in FILE.read_text().splitlines()]
    found = list(wrong(there.tests, ran))
    every = f"{len(ran):,} tests ran, each of them once, and none was skipped"
    sys.stdout.write("\n".join(found or [every]) + "\n")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
