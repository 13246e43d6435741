"""No fact that is dropped, spoiled or of another type ever makes an answer wider than it was."""

import re
from copy import deepcopy
from functools import cache

import pytest

from shared.deciding import Finding
from shared.edge.bundles import COMMON
from tests.ruled import engine, rego

BUNDLES = sorted(engine().bundles.names)
STRENGTH = ("artifact", "communication", "execution", "financial", "constitutional")
GONE = object()

MEANS_NONE = {("subject", "trial"), ("agent", "sandbox")}
"""Where null is a fact of its own: no trial, no sandbox."""


def spoiled(value):
    """Yield what may stand in a value's place by mistake, none of it another value that is right there."""
    yield from (None, [value], {"is": value})
    if isinstance(value, bool):
        yield from (int(value), str(value).lower(), f"{value} ".upper(), "yes")
    elif isinstance(value, int):
        yield from (str(value), f" {value}", -1 - value, value + 0.5, True, False)
    elif isinstance(value, str):
        yield from (value.upper(), f"{value} ", f" {value}", f"{value}x", "", 1, True, False)
    elif value is None:
        yield from ("", "null", 0, False)
    elif isinstance(value, list):
        yield from ("", "x", *value[:1], [1], [None], [""])
    else:
        yield from ("", "x", 1, True)


def places(value, path=()):
    """Yield the place of every member, and of every item of a list."""
    if path:
        yield path
    if isinstance(value, dict):
        for name, one in value.items():
            yield from places(one, (*path, name))
    elif isinstance(value, list):
        for n, one in enumerate(value):
            yield from places(one, (*path, n))


def changed(document, path, value):
    copy = deepcopy(document)
    within = copy
    for name in path[:-1]:
        within = within[name]
    if value is GONE:
        del within[path[-1]]
    else:
        within[path[-1]] = value
    return copy


def at(document, path):
    for name in path:
        document = document[name]
    return document


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


def known(document):
    name = document["action"].get("name") if isinstance(document["action"], dict) else None
    return not isinstance(name, str) or name.partition(".")[0] in engine().selection


@pytest.mark.parametrize("bundle", BUNDLES)
def test_nothing_that_is_spoiled_widens_an_answer(bundle):
    found, tried = [], 0
    for name, document in rego().samples[bundle].items():
        before = ask(bundle, document)
        if before.denies or before.approval:
            continue
        for path in places(document):
            member = isinstance(path[-1], str)
            values = spoiled(at(document, path)) if read_by(bundle, path) else [None]
            for value in [*values, *([GONE] if member else [])]:
                if value is None and path in MEANS_NONE:
                    continue
                other = changed(document, path, value)
                # Of a family that nobody knows nothing is asked: it is denied before.
                if path == ("action", "name") and not known(other):
                    continue
                tried += 1
                if wider(before, ask(bundle, other)):
                    found.append((name, path, "gone" if value is GONE else value))
    assert not found
    assert tried > 500


def read_by(bundle, path):
    """Say whether a bundle's source, or the shape that all look at, names a member at all."""
    named = [name for name in path if isinstance(name, str)]
    return named[-1] in words(bundle) | words(COMMON)


@cache
def words(bundle):
    sources = engine().bundles.of(bundle).values()
    return {word for source in sources for word in re.findall(r"\w+", source)}


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
