"""The tests that stand beside rules, in Rego too, as they run: those of the tree, and those of what somebody publishes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from shared.edge.bundles import package

BESIDE = "_test.rego"
"""How the path of a module of tests ends."""

_NAME = r"(?m)^(test_\w+)"


def named(sources: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the package and the name of each test."""
    for path, source in sorted(sources.items()):
        said = package(source)
        if path.endswith(BESIDE) and said:
            for name in dict.fromkeys(re.findall(_NAME, source)):
                yield said, name


class RegoTests:
    """Modules with their tests in one engine, and what each test says."""

    def __init__(
        self, sources: Mapping[str, str], data: Mapping[str, Any], beside: Sequence[str] = ()
    ) -> None:
        """
        Compile them.

        Args:
            sources: The modules and their tests, by `<bundle>/<file>.rego`.

            data: What the rules look up.

            beside: What else is asked, as rules of the package `asked`.

        Raises:
            OpaError: They do not compile together.
        """
        from opa_bindings import OpaEngine

        self.tests = [".".join(one) for one in named(sources)]
        self.library: OpaEngine = OpaEngine()
        self.library.print_handler = lambda *_: None
        self.library.add_data(dict(data))
        asking = [
            f'results["{one}"] if {{ "{one}" in input.tests; data.{one} }}' for one in self.tests
        ]
        for path, source in {
            **sources,
            "asked.rego": "\n".join(["package asked", *asking, *beside]),
        }.items():
            self.library.add_policy(path, source)

    def passed(self, *, coverage: bool = False) -> Mapping[str, bool]:
        """
        Return the tests that are true: all at once, as an engine compiles anew for each query and not for each input.

        Raises:
            OpaError: One of them cannot be evaluated.
        """
        found: Mapping[str, bool] = self.library.eval_document(
            "asked.results", {"tests": self.tests}, coverage=coverage
        )
        return found
