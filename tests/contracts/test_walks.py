"""Walks over documents in the machinery go past what is none: they use the one that does."""

import ast
from pathlib import Path

from tests.parsed import every, parsed

ROOT = Path(__file__).parents[2]
FINDING = {
    "shared/edge/walking.py": "it is the walk",
    "shared/edge/meter.py": "a store that counts",
    "shared/edge/sides.py": "a store that shows one side, and one as it will be",
    "shared/edge/folding.py": "it removes what lies there, and reads none",
    "shared/edge/enforcement.py": "it asks whether one chain goes on, and reads none of it",
    "local/replay.py": "it asks whose entries there are, and reads none",
    "local/commits.py": "a store that tells",
    "local/rows.py": "it judges rows as they lie, and reads none as what it says it is",
}
"""Where documents may be looked for, and why it may be done without the walk."""


def finds(text):
    """Return the lines of a module that look for documents themselves, and read none through the walk."""
    tree = parsed(text)
    passed = {
        inner
        for node in every(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "readable"
        for inner in ast.walk(node.args[0])
    }
    return [
        node.lineno
        for node in every(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "find"
        and "documents" in ast.unparse(node.func.value)
        and node not in passed
    ]


def test_whoever_walks_over_documents_goes_past_malformed_ones():
    modules = [p for folder in ("shared/edge", "local") for p in (ROOT / folder).rglob("*.py")]
    wrong = [
        f"{place}:{line}"
        for module in modules
        if (place := str(module.relative_to(ROOT))) not in FINDING
        for line in finds(module.read_text())
    ]
    assert not wrong, (
        f"use shared/edge/walking.py, so that one malformed row does not stop the rest: {wrong}"
    )


def test_the_contract_sees_a_walk():
    assert finds("for s in self._documents.find(None, query):\n    Due.from_stored(s.data)") == [1]
    assert finds("readable(ports.documents.find(tenant, query), read)") == []
