"""
Whether rules that somebody publishes may come into force: everything that is wrong with them, told at once.

What holds for the rules of a release holds for them: no builtin that is refused, no fraction, no negation that hides a
denial; a bundle says what each of its rules is for, and has a test in which it says so and one in which it does not. A request
that says nothing is allowed by none. The guards are the release's own.
"""

import json
import logging
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import accumulate, islice
from typing import Any

from shared.deciding import Finding, found
from shared.edge import bundles, effort, evaluating, proving
from shared.edge.bundles import COMMON, GUARDS, ROOT, BundleSet, NotLoaded
from shared.edge.canary import canary
from shared.edge.effort import Limit
from shared.edge.opa import OpaEngine
from shared.edge.rego_tests import BESIDE, TEXTS, RegoTests, named, replaced
from shared.enforcing import Judgement
from shared.errors import EnforcementUnavailable, Invalid, Violation
from shared.judged import STORED

MAX_BYTES = 256 * 1024
"""How large all modules are together, and all tests: what is kept of a set fits into one document."""

MAX_SHOWN = 50

WITHIN_S = 20
"""How long all tests may take, in seconds of a processor: an evaluation cannot be stopped, a process can."""

WAIT_S = 120
"""How long what is tried may take by the clock, on whatever machine."""

MAX_DEPTH = 100
"""How deep brackets stand in each other: the engine reads one in another, so 20,000 of them held it for half a minute."""

_ENDLESS = (
    f"does not end: an answer may take {evaluating.MAX_S} seconds of a processor, and all tests together {WITHIN_S};"
    " have the rules do less"
)

Ask = Callable[[BundleSet, Mapping[str, str], datetime], Iterable[Violation]]
"""Asks rules, with their tests, and tells what is wrong."""

log = logging.getLogger("waooaw.judging")


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
    wrong = (
        tuple(islice(_shape(rules, shipped, own, tests), MAX_SHOWN))
        or tuple(islice(_claims(rules, own, tests), MAX_SHOWN))
        or tuple(islice(ask(rules, tests, at), MAX_SHOWN))
    )
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
    yield from _places(rules, own, tests)


def _places(
    rules: BundleSet, own: Collection[str], tests: Mapping[str, str]
) -> Iterator[Violation]:
    """Look whether each module, and each test, can be read, and is where its package says."""
    for what, sources in (("modules", rules.modules), ("tests", tests)):
        for path in sorted(path for path, source in sources.items() if _depth(source) > MAX_DEPTH):
            said = (
                f"{path} has more than {MAX_DEPTH} brackets in each other; give parts of it a name"
            )
            yield Violation(rule="too_deep", message=said, field=what)
    for path, source in sorted(rules.modules.items()):
        for fault in bundles.misplaced(path, source):
            yield Violation(rule="bundle_refused", message=fault, field="modules")
    for path, source in sorted(tests.items()):
        folder, _, _ = path.partition("/")
        of_tests = re.fullmatch(r"[a-z0-9_]+_test", bundles.package(source) or "")
        if not path.endswith(BESIDE) or not of_tests or folder not in {*own, COMMON}:
            said = f"{path} is no test of what is published: <bundle>/<file>_test.rego, of a package <name>_test"
            yield Violation(rule="misplaced_test", message=said, field="tests")


def _depth(source: str) -> int:
    brackets = re.findall(r"[\[({\])}]", re.sub(TEXTS, "", source))
    return max(accumulate(1 if one in "[({" else -1 for one in brackets), default=0)


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
            yield from _replaced(path, rules.modules[path], tree, "modules")
    except NotLoaded as error:
        yield Violation(rule="bundle_refused", message=str(error)[:2000], field="modules")
    try:
        for path, tree in bundles.parsed(tests).items():
            for wrong in bundles.wrong(tree):
                yield Violation(rule="bundle_refused", message=f"{path} {wrong}", field="tests")
            yield from _replaced(path, tests[path], tree, "tests")
    except NotLoaded as error:
        yield Violation(rule="bundle_refused", message=str(error)[:2000], field="tests")


def _replaced(path: str, source: str, tree: Any, field: str) -> Iterator[Violation]:
    for line, target in replaced(source, tree):
        said = (
            f"{path}, line {line}, replaces {target}: what is tested must be what decides; only `input`, and what is under"
            " it, may be made up with `with`"
        )
        yield Violation(rule="replaced", message=said, field=field)


def _claims(
    rules: BundleSet, own: Collection[str], tests: Mapping[str, str]
) -> Iterator[Violation]:
    """Look at what a bundle that is written anew says of its rules, and whether each is tested both ways."""
    for name in sorted(own):
        modules = rules.of(name)
        described = bundles.described(modules)
        for path, source in sorted(modules.items()):
            block = re.match(bundles.METADATA, source)
            if block is None or "title:" not in block[1] or "description:" not in block[1]:
                said = f"{path} begins with no METADATA of a title and a description"
                yield Violation(rule="metadata_missing", message=said, field="modules")
        used = set(proving.codes(modules))
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


def apart(rules: BundleSet, tests: Mapping[str, str], at: datetime) -> Iterable[Violation]:
    """
    Ask rules that nobody knows in a process of their own, which is ended where they do not end.

    Raises:
        EnforcementUnavailable: They cannot be asked there.
    """
    try:
        told = _there(rules, {"tests": tests, "at": at.isoformat()})
    except Invalid as error:
        return error.violations
    return [Violation.model_validate(one) for one in told]


def asked(
    rules: BundleSet, documents: Sequence[Mapping[str, Any]]
) -> tuple[Mapping[str, Finding], ...]:
    """
    Return what rules find about documents, asked in a process of their own as well.

    Raises:
        EnforcementUnavailable: They cannot be asked there.
        Invalid: They do not end, or take too much memory.
    """
    if not documents:
        return ()
    told = _there(rules, {"documents": list(documents)})
    return tuple(
        {name: Finding.model_validate(one, context=STORED) for name, one in each.items()}
        for each in told
    )


def _there(rules: BundleSet, what: Mapping[str, Any]) -> list[Any]:
    said = {"modules": rules.modules, "selection": rules.selection, "data": rules.data, **what}
    try:
        ran = subprocess.run(  # noqa: S603 - this very file
            [sys.executable, "-m", __name__],
            input=json.dumps(said),
            capture_output=True,
            text=True,
            timeout=WAIT_S,
            cwd=ROOT.parent,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _refused("endless", f"what is tried {_ENDLESS}") from error
    if ran.returncode == -signal.SIGXCPU:
        raise _refused("endless", f"what is tried {_ENDLESS}")
    if ran.returncode == 1:
        log.error("rules cannot be judged: %s", ran.stderr[-2000:])
        raise EnforcementUnavailable("there is no policy engine that could try these rules")
    if ran.returncode:
        # The engine has no error for it: it ends its process.
        log.warning("rules ended what tried them: %s", ran.stderr[:2000])
        most = evaluating.MAX_DATA >> 20
        message = f"what is tried needs more than {most} MiB of memory; have the rules do less"
        raise _refused("too_much", message)
    told: list[Any] = json.loads(ran.stdout)
    return told


def _refused(rule: str, message: str) -> Invalid:
    violation = Violation(rule=rule, message=message, field="modules")
    return Invalid(message, violations=(violation,))


def _legible(rules: BundleSet, tests: Mapping[str, str]) -> Iterator[Violation]:
    try:
        yield from _written(rules, tests)
    except RecursionError:
        said = "what is written is nested too deep to be read; give parts of it a name"
        yield Violation(rule="too_deep", message=said, field="modules")


def _unlimited(*, seconds: int) -> None:
    """Go on without a limit."""


def behaviour(
    rules: BundleSet, tests: Mapping[str, str], at: datetime, limit: Limit = _unlimited
) -> Iterator[Violation]:
    """
    Read and ask rules: they end with much, nothing allows a request that says nothing, and their tests prove each rule.

    Args:
        rules: The rules.

        tests: The tests of those that are written anew.

        at: The time.

        limit: Has this process end where what is next takes more seconds of a processor.
    """
    from opa_bindings import OpaError

    own = sorted({path.partition("/")[0] for path in tests} - {COMMON})
    if written := tuple(_legible(rules, tests)):
        yield from written
        return
    try:
        yield from effort.excessive(rules, own, at, limit)
    except OpaError as error:
        said = f"they do not compile: {error.message}"
        yield Violation(rule="bundle_refused", message=said[:2000], field="modules")
        return
    limit(seconds=evaluating.MAX_S)
    engine = OpaEngine(rules)
    if says := canary(engine, at, every=True):
        says, _, _ = says.partition(";")
        yield Violation(rule="canary_allowed", message=says, field="modules")
    engine.close()
    limit(seconds=WITHIN_S)
    if not tests:
        return
    try:
        ran = RegoTests({**rules.modules, **tests}, rules.data)
        passed = ran.passed()
        ran.library.close()
        false = [one for one in ran.tests if passed.get(one) is not True]
        for one in false:
            yield Violation(rule="tests_failed", message=f"{one} is not true", field="tests")
        for name in () if false else own:
            yield from proving.unproven(name, rules.modules, tests, rules.data)
    except OpaError as error:
        said = f"the tests do not run: {error.message}"
        yield Violation(rule="tests_failed", message=said[:2000], field="tests")


def _main() -> None:
    evaluating.limit(seconds=WITHIN_S)
    said = json.load(sys.stdin)
    rules = BundleSet(said["modules"], said["selection"], said["data"])
    told: list[Any]
    try:
        if "documents" in said:
            told = list(_each(OpaEngine(rules), said["documents"]))
        else:
            at = datetime.fromisoformat(said["at"])
            ran = behaviour(rules, said["tests"], at, evaluating.limit)
            told = [one.model_dump() for one in islice(ran, MAX_SHOWN)]
    except MemoryError:
        sys.exit(2)
    json.dump(told, sys.stdout)


def _each(engine: OpaEngine, documents: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for document in documents:
        evaluating.limit(seconds=evaluating.MAX_S)
        yield {name: one.to_stored() for name, one in found(engine, document).items()}


if __name__ == "__main__":
    _main()
