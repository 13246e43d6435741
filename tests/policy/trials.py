"""The bundle of trials, as somebody edits and publishes it."""

from shared.edge.bundles import ROOT
from shared.policy.models.bundles import BundlePublication

RULES, TESTS, ASKING = "trial/trial.rego", "trial/trial_test.rego", "shape/asking_test.rego"
OUTSIDE = 'outside := {"customer", "external"}'
TO = '"args": {"receiver": "%s"}'


def text(path):
    return (ROOT / path).read_text()


def bundle(rules=(), tests=(), **more):
    """Return the bundle of trials as somebody edits it."""
    own, beside = f"{text(RULES)}# edited\n", text(TESTS)
    for before, after in rules:
        assert before in own
        own = own.replace(before, after)
    for before, after in tests:
        assert before in beside
        beside = beside.replace(before, after)
    said = {"name": "trial", "version": "1.1.0", "modules": {RULES: own}}
    return BundlePublication(**{**said, "tests": {TESTS: beside, ASKING: text(ASKING)}, **more})


def stricter(**more):
    """Return it so that nothing is sent to the help desk either."""
    edit = (OUTSIDE, 'outside := {"customer", "external", "helpdesk"}')
    return bundle([edit], [(TO % "helpdesk", TO % "internal")], **more)


def looser(**more):
    """Return it so that messages reach customers."""
    return bundle(
        [(OUTSIDE, 'outside := {"external"}')], [(TO % "customer", TO % "external")], **more
    )
