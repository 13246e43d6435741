"""Every function there is, found by looking. For builds, tests and one machine; never for serving one function."""

import pkgutil
from functools import cache

import functions
from shared.edge.loading import load
from shared.operation import Operation
from shared.reaction import Reaction


@cache
def catalog() -> tuple[Operation | Reaction, ...]:
    """Return all functions, in the order a reader of the tree would meet them."""
    found = pkgutil.walk_packages(functions.__path__, "functions.")
    return tuple(load(m.name.removeprefix("functions.")) for m in found if not m.ispkg)


def operations() -> list[Operation]:
    """Return the functions that answer requests."""
    return [f for f in catalog() if isinstance(f, Operation)]


def methods_at(path: str) -> tuple[str, ...]:
    """Return the methods that an address takes: those of every operation there."""
    return tuple(method for op in operations() if op.path == path for method in op.methods)


def reactions() -> list[Reaction]:
    """Return the functions that answer events, times and schedules."""
    return [f for f in catalog() if isinstance(f, Reaction)]
