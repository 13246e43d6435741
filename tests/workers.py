"""Which worker runs what: tests that share what is costly to make run on the same one."""

from xdist.scheduler import LoadScopeScheduling

TOGETHER = ("tests/archive/", "tests/infra/")
"""Suites whose files share something that takes many seconds to make."""


class Sharing(LoadScopeScheduling):  # type: ignore[misc]
    """Gives a worker a whole file, and of some suites all of them."""

    def _split_scope(self, nodeid):
        file = nodeid.partition("::")[0]
        return next((suite for suite in TOGETHER if file.startswith(suite)), file)
