"""The rules that come with this release, compiled once in each process of the tests."""

import re
from functools import cache
from pathlib import Path

from shared.deciding import Finding
from shared.edge.bundles import ROOT, shipped
from shared.edge.opa import OpaEngine


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
    """All modules with their tests in one engine: what each test says, which lines ran, and what the tests ask."""

    def __init__(self, root: Path = ROOT) -> None:
        from opa_bindings import OpaEngine as Library

        self.sources = {
            path.relative_to(root).as_posix(): path.read_text() for path in root.glob("*/*.rego")
        }
        self.library = Library()
        self.library.print_handler = lambda *_: None
        self.library.add_data(dict(shipped(root).data))
        asking = ["package asked"]
        for package, name in self.tests:
            place = f"{package}.{name}"
            asking.append(f'results["{place}"] if {{ "{place}" in input.tests; data.{place} }}')
        asking += [f"samples.{name} := data.{name}_test.samples" for name in self.bundles]
        for path, source in {**self.sources, "asked.rego": "\n".join(asking)}.items():
            self.library.add_policy(path, source)
        names = [f"{package}.{name}" for package, name in self.tests]
        # One evaluation of all: an engine compiles anew for each query, and not for each input.
        self.passed = self.library.eval_document("asked.results", {"tests": names}, coverage=True)
        self.coverage = self.library.last_coverage["files"]
        self.samples = self.library.eval_document("asked.samples", {})

    @property
    def bundles(self):
        return sorted({path.partition("/")[0] for path in self.sources} - {"shape"})

    @property
    def tests(self):
        return named(self.sources)


def named(sources):
    """Return the package and name of each test."""
    return [
        (re.search(r"^package (\S+)", source, re.MULTILINE)[1], name)
        for path, source in sorted(sources.items())
        if path.endswith("_test.rego")
        for name in dict.fromkeys(re.findall(r"^(test_\w+)", source, re.MULTILINE))
    ]


@cache
def rego():
    return Rego()
