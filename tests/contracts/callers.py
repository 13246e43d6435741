"""Which functions a function may come to call, read off the source: by names that are imported, and their members."""

import ast
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from tests.parsed import every, parsed


def reaches(module, name, wanted):
    """Say whether a function may come to call *wanted*, given as (module, name)."""
    seen, due = set(), [(module, name)]
    while due:
        here = due.pop()
        if here == wanted:
            return True
        if here not in seen:
            seen.add(here)
            due += _called(*here)
    return False


@cache
def _called(module, name):
    own, imported = _read(module)
    found = own.get(name, ())
    return tuple(
        target
        for node in found
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
        for target in _targets(call.func, module, imported, own)
    )


def _targets(func, module, imported, own):
    if isinstance(func, ast.Name):
        if func.id in imported:
            yield imported[func.id]
        elif func.id in own:
            yield (module, func.id)
    elif isinstance(func, ast.Attribute):
        base = imported.get(func.value.id) if isinstance(func.value, ast.Name) else None
        if base and find_spec_of(".".join(base)):
            yield (".".join(base), func.attr)
        elif func.attr in own:
            yield (module, func.attr)
        elif base is None and isinstance(func.value, ast.Name):
            # A method of something that was made here, of a class that is imported.
            yield from ((place[0], func.attr) for place in imported.values())


@cache
def find_spec_of(name):
    try:
        return find_spec(name)
    except (ModuleNotFoundError, AttributeError):
        return None


@cache
def _read(module):
    spec = find_spec_of(module) if module.startswith(("shared.", "functions.")) else None
    if spec is None or not spec.origin:
        return {}, {}
    tree = parsed(Path(spec.origin).read_text())
    own, imported = {}, {}
    for node in every(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            own.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                imported[alias.asname or alias.name] = (node.module, alias.name)
    return own, imported
