"""What may happen to a document on its way: a member is gone, spoiled, or of another type."""

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from typing import Any

from shared.edge.bundles import COMMON
from tests.ruled import engine

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


def spoils(
    bundle: str, document: Mapping[str, Any]
) -> Iterator[tuple[tuple[str | int, ...], Any, dict[str, Any]]]:
    """Yield each place of a document that a bundle may read, what is put there, and the document with it."""
    for path in places(document):
        values = spoiled(at(document, path)) if read_by(bundle, path) else [None]
        # An item less is another list, and a list that is right.
        gone = [GONE] if isinstance(path[-1], str) else []
        for value in [*values, *gone]:
            if value is None and path in MEANS_NONE:
                continue
            other = changed(document, path, value)
            # Of a family that nobody knows nothing is asked: it is denied before.
            if path != ("action", "name") or known(other):
                yield path, "gone" if value is GONE else value, other


def known(document):
    name = document["action"].get("name") if isinstance(document["action"], dict) else None
    return not isinstance(name, str) or name.partition(".")[0] in engine().selection


def read_by(bundle, path):
    """Say whether a bundle's source, or the shape that all look at, names a member at all."""
    named = [name for name in path if isinstance(name, str)]
    return named[-1] in words(bundle) | words(COMMON)


@cache
def words(bundle):
    sources = engine().bundles.of(bundle).values()
    return {word for source in sources for word in re.findall(r"\w+", source)}
