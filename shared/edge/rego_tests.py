"""The tests that stand beside rules, in Rego too, as they run: those of the tree, and those of what somebody publishes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from shared.edge.bundles import package

BESIDE = "_test.rego"
"""How the path of a module of tests ends."""

_NAME = r"(?m)^(test_\w+)"

TEXTS = r'"(?:\\.|[^"\\\n])*"?|`[^`]*`?|#[^\n]*'
"""What no code stands in. None of them can begin without being found, so nothing is looked for again."""

_WITH = r"(?<![.\w])with\s+(?!input\b)(\w)"
_INPUT = {"type": "var", "value": "input"}


def named(sources: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the package and the name of each test."""
    for path, source in sorted(sources.items()):
        said = package(source)
        if path.endswith(BESIDE) and said:
            for name in dict.fromkeys(re.findall(_NAME, source)):
                yield said, name


def replaced(source: str, tree: Any) -> Iterator[tuple[int, str]]:
    """
    Yield the line, and the words, of each ``with`` of a module that puts something in the place of what is tested.

    What somebody asks may be made up, and nothing else: with other rules, data or builtins than those that decide, a test
    says nothing of what they decide. The engine's tree says whether there is one, and the text where.
    """
    if not any(_replaces(one) for one in _withs(tree)):
        return
    code = re.sub(TEXTS, lambda text: re.sub(r"[^\n]", " ", text[0]), source)
    places = [found.start(1) for found in re.finditer(_WITH, code)] or [0]
    for place in places:
        said, _, _ = source[place:].partition(" as ")
        yield source.count("\n", 0, place) + 1, " ".join(said.split())[:100]


def _withs(tree: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(tree, Mapping):
        yield from tree.get("with", ())
        for part in tree.values():
            yield from _withs(part)
    elif isinstance(tree, list):
        for part in tree:
            yield from _withs(part)


def _replaces(one: Mapping[str, Any]) -> bool:
    target = one["target"]
    begins: Any = target["value"][0] if target["type"] == "ref" else target
    return bool(begins != _INPUT)


class RegoTests:
    """Modules with their tests in one engine, and what each test says: it sees of the input what it makes up itself."""

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
            f'results["{one}"] if {{ "{one}" in input.tests; data.{one} with input as {{}} }}'
            for one in self.tests
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
