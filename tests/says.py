"""An engine of the tests' own: it finds what a test says, of whatever it is asked."""

from shared.deciding import Finding, Obligation
from shared.edge.bundles import shipped
from tests.ruled import engine

ALLOWED = Finding(allow=True, matched=("rbac/RBAC-03",))


class Says:
    """An engine that finds what a test says, of whatever it is asked."""

    version, digest = "fake/1", shipped().digest

    def __init__(self, finding=ALLOWED, *, frozen=False):
        self.finding, self.frozen = finding, frozen
        self.selection = {**engine().selection, "*": ("rbac",), "tests": ()}
        self.selection = {**engine().selection, "*": ("rbac",), "tests": ()}
        self.asked = []

    def evaluate(self, bundles, document):
        self.asked.append(document)
        if isinstance(self.finding, Exception):
            raise self.finding
        return {**dict.fromkeys(bundles, ALLOWED), bundles[0]: self.finding}

    def engine(self, at):
        return self

    def state(self, at):
        return self


def obliged(type, **parameters):
    """Return what allows something under one obligation."""
    one = Obligation(type=type, parameters=parameters, source_rule="t/T-1")
    return Finding(allow=True, obligations=(one,))
