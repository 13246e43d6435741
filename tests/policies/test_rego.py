"""The rules' own tests, beside the rules: each is true, each line of a rule runs, and each rule is met and not met."""

import re

import pytest
import yaml

from shared.edge.bundles import ROOT, hidden, parsed, shipped
from shared.edge.effort import excessive
from shared.edge.proving import unproven
from shared.edge.rego_tests import named
from tests.conftest import NOON
from tests.ruled import rego

SOURCES = {p.relative_to(ROOT).as_posix(): p.read_text() for p in ROOT.glob("*/*.rego")}
RULES = sorted(path for path in SOURCES if not path.endswith("_test.rego"))
TESTS = [f"{package}.{name}" for package, name in named(SOURCES)]


@pytest.mark.parametrize("test", TESTS)
def test_a_rule_is_as_its_test_claims(test):
    assert rego().passed.get(test) is True


@pytest.mark.parametrize("path", RULES)
def test_nearly_every_line_of_a_rule_runs(path):
    found = rego().coverage[path]
    ran, not_run = lines(found.get("covered")), lines(found.get("not_covered"))
    missed = sorted(not_run - ran)
    assert len(ran) / len(ran | not_run) >= 0.95, f"no test runs the lines {missed} of {path}"


def lines(ranges):
    return {n for one in ranges or () for n in range(one["start"]["row"], one["end"]["row"] + 1)}


@pytest.mark.parametrize("path", [path for path in RULES if not path.startswith("shape/")])
def test_each_rule_is_met_by_one_test_and_not_met_by_another(path):
    bundle = path.partition("/")[0]
    known = described(path)["custom"]
    there = {name for package, name in named(SOURCES) if package == f"{bundle}_test"}
    for code in [*known["reasons"], *known["allows"]]:
        begins = f"test_{code.lower().replace('-', '_')}"
        for side in ("yes", "no"):
            assert any(name.startswith(f"{begins}_{side}_") for name in there), (code, side)
    assert any(name.endswith("_no_nothing_at_all") for name in there)


@pytest.mark.parametrize("bundle", sorted(shipped().names))
def test_each_rule_is_proven_by_a_test_that_can_fail_and_takes_little_of_much(bundle):
    """What a release brings is evaluated in the process that decides, where nothing would end it."""
    tests = {p: text for p, text in SOURCES.items() if p.endswith("_test.rego")}
    assert list(unproven(bundle, shipped().modules, tests, shipped().data)) == []
    assert list(excessive(shipped(), [bundle], NOON, lambda **_: None)) == []


@pytest.mark.parametrize("path", RULES)
def test_each_bundle_says_what_it_is_for_and_what_its_codes_mean(path):
    said = described(path)
    assert said["title"]
    assert said["description"]
    if path.startswith("shape/"):
        return
    known = {**said["custom"]["reasons"], **said["custom"]["allows"]}
    used = set(re.findall(r'"([A-Z]{3,4}-\d\d)"', SOURCES[path]))
    assert used == set(known)
    assert all(known.values())


def described(path):
    """Return what a module says of itself, as OPA reads it: in YAML, before its package."""
    block = re.search(r"\A# METADATA\n((?:#.*\n)+)package ", SOURCES[path])
    assert block, f"{path} says nothing of itself"
    return yaml.safe_load(re.sub(r"^# ?", "", block[1], flags=re.MULTILINE))


def test_no_negation_hides_a_member_that_is_missing():
    """`not f(input.x)` is undefined, and not true, where there is no `input.x`: its rule vanishes without a word."""
    trees = parsed({path: SOURCES[path] for path in RULES})
    assert [(path, one) for path, tree in trees.items() for one in hidden(tree)] == []
    for hides in ("not f(input.x)", 'not "a" in input.x', "not input.x < 5", "not data.d[input.x]"):
        tree = parsed({"a/a.rego": f"package a\nf(x) if x\np if {{ {hides} }}"})
        assert list(hidden(tree["a/a.rego"])), hides
    fine = parsed({"a/a.rego": "package a\np if { not input.x }"})
    assert list(hidden(fine["a/a.rego"])) == []
