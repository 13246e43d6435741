"""
Whether rules that somebody publishes may come into force: everything that is wrong with them, told at once.

What holds for the rules of a release holds for them: no builtin that is refused, no fraction, no negation that hides a
denial; a bundle says what each of its rules is for, and has a test in which it says so and one in which it does not. A request
that says nothing is allowed by none. The guards are the release's own.
"""

import json
import logging
import re
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice

from shared.edge import bundles
from shared.edge.bundles import COMMON, GUARDS, ROOT, BundleSet, NotLoaded
from shared.edge.canary import canary
from shared.edge.opa import OpaEngine
from shared.edge.rego_tests import BESIDE, RegoTests, named
from shared.enforcing import Judgement
from shared.errors import EnforcementUnavailable, Violation

MAX_BYTES = 256 * 1024
"""How large all modules are together, and all tests: what is kept of a set fits into one document."""

MAX_SHOWN = 50

WITHIN_S = 20
"""How long all tests may take, in seconds, with what it takes to begin: an evaluation cannot be stopped, a process can."""

Ask = Callable[[BundleSet, Mapping[str, str], datetime], Iterable[Violation]]
"""Asks rules, with their tests, and tells what is wrong."""

log = logging.getLogger("waooaw.judging")

_METADATA = r"\A# METADATA\n((?:#.*\n)+)package "
_CODE = r"(?m)^#[ ]+([A-Z]{2,4}-\d\d): +\S"
_USED = r'"([A-Z]{2,4}-\d\d)"'


def judged(
    rules: BundleSet,
    shipped: BundleSet,
    own: Collection[str],
    tests: Mapping[str, str],
    at: datetime,
    ask: Ask,
) -> Judgement:
    """
    Judge whether rules may come into force: what cannot be read is not asked.

    Args:
        rules: The rules, all of them.

        shipped: Those of this release.

        own: The bundles that are written anew.

        tests: Their tests.

        at: The time.

        ask: How rules that nobody knows are asked.

    Raises:
        EnforcementUnavailable: There is no engine that could be asked.
    """
    looks = (
        _shape(rules, shipped, own, tests),
        _written(rules, tests),
        _claims(rules, own, tests),
        ask(rules, tests, at),
    )
    wrong = next((found for look in looks if (found := tuple(islice(look, MAX_SHOWN)))), ())
    return Judgement(wrong=wrong, tests=tuple(".".join(one) for one in named(tests)))


def _shape(
    rules: BundleSet, shipped: BundleSet, own: Collection[str], tests: Mapping[str, str]
) -> Iterator[Violation]:
    """Look at what there is: which bundles, how large, and whether the guards are the release's."""
    for what, sources in (("modules", rules.modules), ("tests", tests)):
        size = sum(len(source.encode()) for source in sources.values())
        if size > MAX_BYTES:
            said = f"the {what} are {size} bytes together, and {MAX_BYTES} are allowed"
            yield Violation(rule="too_large", message=said, field=what)
    for name in sorted(GUARDS):
        if rules.of(name) != shipped.of(name):
            said = f"{name} comes with the release and is not published; change what the others say"
            yield Violation(rule="guard_bundle", message=said, field="modules")
    for name in sorted(rules.names - shipped.names):
        said = f"no act asks a bundle {name}; there are {', '.join(sorted(shipped.names - GUARDS))}"
        yield Violation(rule="unknown_bundle", message=said, field="modules")
    for name in sorted(shipped.names - rules.names):
        yield Violation(rule="bundle_missing", message=f"{name} has no module", field="modules")
    for path, source in sorted(tests.items()):
        folder, _, _ = path.partition("/")
        of_tests = re.fullmatch(r"[a-z0-9_]+_test", bundles.package(source) or "")
        if not path.endswith(BESIDE) or not of_tests or folder not in {*own, COMMON}:
            said = f"{path} is no test of what is published: <bundle>/<file>_test.rego, of a package <name>_test"
            yield Violation(rule="misplaced_test", message=said, field="tests")


def _written(rules: BundleSet, tests: Mapping[str, str]) -> Iterator[Violation]:
    """Look at how they are written: what no rule may contain, its tests neither."""
    try:
        bundles.look(rules.modules)
        for path, tree in bundles.parsed(rules.modules).items():
            if (read := bundles.engines_package(tree)) != bundles.package(rules.modules[path]):
                said = f"{path} is of the package {read} to the engine, and says another one"
                yield Violation(rule="bundle_refused", message=said, field="modules")
            for hides in dict.fromkeys(bundles.hidden(tree)):
                yield Violation(rule="hidden_denial", message=f"{path} {hides}", field="modules")
    except NotLoaded as error:
        yield Violation(rule="bundle_refused", message=str(error)[:2000], field="modules")
    try:
        for path, tree in bundles.parsed(tests).items():
            for wrong in bundles.wrong(tree):
                yield Violation(rule="bundle_refused", message=f"{path} {wrong}", field="tests")
    except NotLoaded as error:
        yield Violation(rule="bundle_refused", message=str(error)[:2000], field="tests")


def _claims(
    rules: BundleSet, own: Collection[str], tests: Mapping[str, str]
) -> Iterator[Violation]:
    """Look at what a bundle that is written anew says of its rules, and whether each is tested both ways."""
    for name in sorted(own):
        modules = rules.of(name)
        described: set[str] = set()
        for path, source in sorted(modules.items()):
            block = re.search(_METADATA, source)
            if block is None or "title:" not in block[1] or "description:" not in block[1]:
                said = f"{path} begins with no METADATA of a title and a description"
                yield Violation(rule="metadata_missing", message=said, field="modules")
            described |= set(re.findall(_CODE, block[1])) if block else set()
        used = {code for source in modules.values() for code in re.findall(_USED, source)}
        for code in sorted(used ^ described):
            said = f"{name}: {code} is {'not described' if code in used else 'described and not used'} in its METADATA"
            yield Violation(rule="metadata_missing", message=said, field="modules")
        if not used:
            said = f"{name} names no rule, so nobody is told by which one they were denied"
            yield Violation(rule="metadata_missing", message=said, field="modules")
        there = [test for package, test in named(tests) if package == f"{name}_test"]
        for code in sorted(used):
            begins = f"test_{code.lower().replace('-', '_')}"
            for side in ("yes", "no"):
                if not any(test.startswith(f"{begins}_{side}_") for test in there):
                    said = f"{name}: no test {begins}_{side}_… of {code}"
                    yield Violation(rule="untested", message=said, field="tests")


def apart(
    rules: BundleSet, tests: Mapping[str, str], at: datetime, *, within_s: float = WITHIN_S
) -> Iterable[Violation]:
    """
    Ask rules that nobody knows in a process of their own, which is ended where they do not end.

    Raises:
        EnforcementUnavailable: They cannot be asked there.
    """
    said = {
        "modules": rules.modules,
        "selection": rules.selection,
        "data": rules.data,
        "tests": tests,
        "at": at.isoformat(),
    }
    try:
        ran = subprocess.run(  # noqa: S603 - this very file
            [sys.executable, "-m", __name__],
            input=json.dumps(said),
            capture_output=True,
            text=True,
            timeout=within_s,
            cwd=ROOT.parent,
            check=False,
        )
    except subprocess.TimeoutExpired:
        message = f"the tests, and the canaries, do not end within {within_s:g} seconds; have the rules do less"
        return [Violation(rule="endless", message=message, field="modules")]
    if ran.returncode:
        log.error("rules cannot be judged: %s", ran.stderr[-2000:])
        raise EnforcementUnavailable("there is no policy engine that could try these rules")
    return [Violation.model_validate(one) for one in json.loads(ran.stdout)]


def behaviour(rules: BundleSet, tests: Mapping[str, str], at: datetime) -> Iterator[Violation]:
    """Ask them: nothing allows a request that says nothing, the canaries are taken, and each test is true."""
    from opa_bindings import OpaError

    engine = OpaEngine(rules)
    try:
        if says := canary(engine, at, every=True):
            says, _, _ = says.partition(";")
            yield Violation(rule="canary_allowed", message=says, field="modules")
    except EnforcementUnavailable as error:
        if not error.violations or error.violations[0].rule != "bundle_refused":
            raise
        yield Violation(rule="bundle_refused", message=error.detail[:2000], field="modules")
        return
    finally:
        engine.close()
    if not tests:
        return
    try:
        ran = RegoTests({**rules.modules, **tests}, rules.data)
        passed = ran.passed()
    except OpaError as error:
        said = f"the tests do not run: {error.message}"
        yield Violation(rule="tests_failed", message=said[:2000], field="tests")
        return
    for one in ran.tests:
        if passed.get(one) is not True:
            yield Violation(rule="tests_failed", message=f"{one} is not true", field="tests")


def _main() -> None:
    said = json.load(sys.stdin)
    rules = BundleSet(said["modules"], said["selection"], said["data"])
    found = behaviour(rules, said["tests"], datetime.fromisoformat(said["at"]))
    json.dump([one.model_dump() for one in islice(found, MAX_SHOWN)], sys.stdout)


if __name__ == "__main__":
    _main()
