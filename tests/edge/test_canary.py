"""The canaries find each bundle that allows what it must deny, whatever its name."""

from dataclasses import replace

import pytest

from shared.edge.bundles import shipped
from shared.edge.canary import breach, canary
from shared.edge.opa import OpaEngine
from tests.conftest import NOON
from tests.ruled import engine

BUNDLES = sorted(shipped().names)
SPOILED = {
    "always": 'decision := {"allow": true}',
    "what can be compared": 'decision := {"allow": true} if input.subject.roles',
}


def test_all_is_well_with_the_rules_of_this_release():
    for every in (True, False):
        assert canary(engine(), NOON, every=every) == ""


def test_every_bundle_denies_the_breach_by_a_rule_of_its_own():
    """What is malformed is denied by bundles of which nothing else works."""
    for name, found in engine().evaluate(BUNDLES, breach(NOON)).items():
        rules = {one.rule for one in found.reasons}
        assert rules, name
        assert not {one for one in rules if one.endswith("-00") or one == "PDP_ERROR"}, name


def test_every_bundle_is_asked_by_something():
    selected = {name for names in shipped().selection.values() for name in names}
    assert selected == set(BUNDLES)


@pytest.mark.parametrize("name", BUNDLES)
@pytest.mark.parametrize("spoiled", SPOILED)
def test_a_spoiled_bundle_of_any_name_is_found(name, spoiled):
    rules = shipped()
    others = {path: text for path, text in rules.modules.items() if path not in rules.of(name)}
    text = f"package {name}\n\n{SPOILED[spoiled]}\n"
    of = OpaEngine(replace(rules, modules={**others, f"{name}/{name}.rego": text}))
    try:
        assert f"is allowed by {name}; restore" in canary(of, NOON, every=True)
    finally:
        of.close()
