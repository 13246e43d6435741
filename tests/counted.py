"""
Whose lines are counted: those of the suites that are about `functions` and `shared`, area by area.

The tracer is called for each line of all code that runs, of libraries and of tests too: the 742 tests of policies took 7.7 s
of CPU without it and 19.6 s with it. What the other suites run of the product is covered without them, or not at all.
"""

import os

UNCOUNTED = tuple(
    f"tests/{suite}/"
    for suite in (
        "archive",
        "contracts",
        "fuzz",
        "golden",
        "infra",
        "policies",
        "proofs",
        "rolling",
        "runbooks",
        "workflows",
    )
)

TOLD = "COVERAGE_PROCESS_CONFIG"
"""What tells processes that a test starts to count their lines too."""


class Counting:
    """Has a worker count the lines of some of its tests."""

    def __init__(self, counter):
        self.counter, self.told, self.counts = counter, os.environ[TOLD], True

    def pytest_runtest_logstart(self, nodeid):
        counts = not nodeid.startswith(UNCOUNTED)
        if counts == self.counts:
            return
        self.counts = counts
        if counts:
            os.environ[TOLD] = self.told
            self.counter.start()
        else:
            del os.environ[TOLD]
            self.counter.stop()

    def pytest_sessionfinish(self):
        """Write down what was counted while this worker is waited for: after that it has ten seconds to end."""
        if self.counts:
            self.counter.stop()
        self.counter.save()


def count_lines(config):
    """Count, if this command does, where tests run, and not where they are only handed out."""
    if TOLD not in os.environ:
        return
    from coverage import Coverage

    counter = Coverage.current()
    if hasattr(config, "workerinput"):
        config.pluginmanager.register(Counting(counter))
    elif config.getoption("numprocesses", None):
        counter.stop()
