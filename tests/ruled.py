"""The rules that come with this release, compiled once in each process of the tests."""

from functools import cache
from pathlib import Path

from shared.deciding import Finding
from shared.edge.bundles import ROOT, shipped
from shared.edge.opa import OpaEngine
from shared.edge.rego_tests import RegoTests


@cache
def engine():
    """Return the policy engine with the bundles of this tree."""
    return OpaEngine(shipped())


class OfTests:
    """
    The engine of this tree, which knows the operations of the tests' own too.

    Who holds their scopes may do them, and what has none is for anybody.
    """

    @property
    def version(self):
        return engine().version

    @property
    def digest(self):
        return engine().digest

    @property
    def selection(self):
        return {**engine().selection, "tests": ()}

    def evaluate(self, bundles, document):
        action = document["action"]
        if action["name"].startswith("tests.") and not action["scopes"]:
            return dict.fromkeys(bundles, Finding(allow=True))
        return engine().evaluate(bundles, document)


def selected(document, selection):
    """Return which bundles a document is asked of, as the decision point selects them; None of an unknown family."""
    family = document["action"]["name"].partition(".")[0]
    if family not in selection:
        return None
    trial = selection["trial"] if document["subject"].get("trial") is not None else ()
    return list(dict.fromkeys([*selection["*"], *trial, *selection[family]]))


class Rego:
    """All modules of this tree with their tests: what each test says, which lines ran, and what the tests ask."""

    def __init__(self, root: Path = ROOT) -> None:
        self.sources = {
            path.relative_to(root).as_posix(): path.read_text() for path in root.glob("*/*.rego")
        }
        self.bundles = sorted({path.partition("/")[0] for path in self.sources} - {"shape"})
        samples = [f"samples.{name} := data.{name}_test.samples" for name in self.bundles]
        ran = RegoTests(self.sources, shipped(root).data, samples)
        self.passed = ran.passed(coverage=True)
        self.coverage = ran.library.last_coverage["files"]
        self.samples = ran.library.eval_document("asked.samples", {})


@cache
def rego():
    return Rego()
