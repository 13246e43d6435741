"""Whether the tests of a bundle prove anything: each is another one where the bundle decides otherwise."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from shared.edge.rego_tests import RegoTests, named
from shared.errors import Violation
from shared.obligations import MET

_USED = r"""(["`])([A-Z]{2,4}-\d\d)\1"""
_DEFAULT = r"(?m)^(?!default\b)(.*)$"
_OF_A_RULE = r"test_[a-z]{2,4}_\d\d_"
_TYPE = r'"type": *"([a-z_]+)"'


def unproven(
    name: str, modules: Mapping[str, str], tests: Mapping[str, str], data: Mapping[str, Any]
) -> Iterator[Violation]:
    """
    Yield which tests of a bundle are true whatever it decides, and which of its rules none of their tests proves.

    A rule is proven by a test that is true, and is not where the rule goes by another code: so it looks at what the bundle
    decides, and the rule decided it.

    Args:
        name: The bundle.

        modules: All modules of its set.

        tests: Its tests, all of which are true.

        data: What its rules look up.

    Raises:
        OpaError: They cannot be evaluated so.
    """
    own = {path: text for path, text in modules.items() if path.partition("/")[0] == name}
    said, about = codes(own), _about(name, tests)
    # Neither a module nor a test names it, and none sees what is asked here, so none can tell whether it is looked at.
    place = "codes"
    while any(place in text for text in (*modules.values(), *tests.values())):
        place += "_"
    asking = [
        line
        for one in about
        for line in (
            f'instead["{one}"] if data.{one} with data.{name}.decision as input.decision with input as {{}}',
            f'renamed["{one}"] if {{ "{one}" in input.tests; data.{one} with data.{place} as input.codes with input as {{}} }}',
        )
    ]
    sources = {**modules, **{path: _looked_up(text, place) for path, text in own.items()}, **tests}
    library = RegoTests(
        sources, {**data, place: dict(zip(said, said, strict=True))}, asking
    ).library

    always = set(about)
    for decision in _decisions(said, [*own.values(), *tests.values()]):
        always &= library.eval_document("asked.instead", {"tests": [], "decision": decision}).keys()
    for one in sorted(always):
        why = f"{one} is true whatever {name} decides, so it proves nothing"
        yield Violation(rule="untested", message=why, field="tests")
    for code in said:
        begins = f"{name}_test.test_{code.lower().replace('-', '_')}_"
        its = [one for one in about if one.startswith(begins)]
        others = {one: one for one in said} | {code: f"{code}-elsewhere"}
        asked = {"tests": its, "codes": others}
        if library.eval_document("asked.renamed", asked).keys() >= {*its}:
            why = f"{name}: no test {begins}… fails where {code} is not said, so none proves that rule"
            yield Violation(rule="untested", message=why, field="tests")
    library.close()


def codes(modules: Mapping[str, str]) -> tuple[str, ...]:
    """Return the codes of rules that stand in modules."""
    return tuple(sorted({code for text in modules.values() for _, code in re.findall(_USED, text)}))


def _about(name: str, tests: Mapping[str, str]) -> list[str]:
    """Return the tests that say which rule they are about."""
    return [
        ".".join(one)
        for one in named(tests)
        if one[0] == f"{name}_test" and re.match(_OF_A_RULE, one[1])
    ]


def _looked_up(text: str, place: str) -> str:
    """Return a module that looks its codes up, so that they can be others; what a rule is by default must stand there."""
    return re.sub(_DEFAULT, lambda line: re.sub(_USED, rf'data.{place}["\2"]', line[1]), text)


def _decisions(said: Sequence[str], texts: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """Yield what a bundle could decide whatever it is asked: nothing or everything, and to allow it or not."""
    types = {type for types in MET.values() for type in types}
    types |= {type for text in texts for type in re.findall(_TYPE, text)}
    everything = {
        "reasons": [{"rule": code, "message": code, "severity": "low"} for code in said],
        "matched": list(said),
        "obligations": [
            {"type": type, "parameters": {}, "source_rule": code}
            for type in sorted(types)
            for code in said
        ],
    }
    nothing: Mapping[str, Any] = {member: [] for member in everything}
    for allow in (False, True):
        yield {"allow": allow, **nothing}
        yield {"allow": allow, **everything}
