"""No fact that is dropped, spoiled or of another type ever makes an answer wider than it was."""

import pytest

from shared.deciding import Finding
from tests.policies.spoiling import spoils
from tests.ruled import engine, rego

BUNDLES = sorted(engine().bundles.names)
STRENGTH = ("artifact", "communication", "execution", "financial", "constitutional")


def wider(before: Finding, after: Finding):
    """Say whether something is allowed now that was not, or with less to be done first or with it."""
    if after.denies:
        return False
    if before.denies:
        return True
    if before.approval and not (
        after.approval
        and STRENGTH.index(after.approval.type) >= STRENGTH.index(before.approval.type)
    ):
        return True
    there = {one.type: one.parameters for one in after.obligations}
    return any(
        one.type not in there or looser(one.parameters, there[one.type])
        for one in before.obligations
    )


def looser(before, after):
    """Say whether something may be done oftener, or for more; all figures are such that less is stricter."""
    return after.keys() != before.keys() or any(
        isinstance(value, int) and after[name] > value for name, value in before.items()
    )


@pytest.mark.parametrize("bundle", BUNDLES)
def test_nothing_that_is_spoiled_widens_an_answer(bundle):
    found, tried = [], 0
    for name, document in rego().samples[bundle].items():
        before = ask(bundle, document)
        if before.denies or before.approval:
            continue
        for path, value, other in spoils(bundle, document):
            after = ask(bundle, other)
            tried += 1
            if wider(before, after) or any(one.rule == "PDP_ERROR" for one in after.reasons):
                found.append((name, path, value))
    assert not found
    assert tried > 500


def ask(bundle, document):
    return engine().evaluate([bundle], document)[bundle]


def test_what_is_wider_is_seen():
    """The test would see it: what is allowed after a no, without its approval, or without what is to be done."""
    samples = rego().samples
    read, send = samples["integration"]["it reads"], samples["integration"]["it sends"]
    no, yes, asks = samples["integration"]["no grant"], read, send
    assert wider(ask("integration", no), ask("integration", yes))
    assert wider(ask("integration", asks), ask("integration", yes))
    masked, plain = (samples["data_access"][n] for n in ("personal, masked", "confidential"))
    assert wider(ask("data_access", masked), ask("data_access", plain))
    assert not wider(ask("data_access", plain), ask("data_access", plain))
