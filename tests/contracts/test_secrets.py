"""A secret is in no document, event or answer, and no area ever looks at one."""

import ast
from pathlib import Path

from pydantic import SecretBytes, SecretStr

from tests.contracts.members import members, models, taken
from tests.parsed import every, parsed

ROOT = Path(__file__).parents[2]
SECRET = {SecretBytes, SecretStr}


def looked_at(source):
    """Return where a module opens a secret."""
    return [
        node.lineno
        for node in every(parsed(source))
        if (isinstance(node, ast.Attribute) and node.attr in {"get_secret_value", "_secret_value"})
        or (isinstance(node, ast.Constant) and node.value in {"get_secret_value", "_secret_value"})
    ]


def test_only_what_is_sent_in_holds_a_secret():
    found = [
        name
        for kind in models()
        if kind not in taken()
        for name, leaf in members(kind)
        if leaf.kind in SECRET
    ]
    assert not found, f"keep a SecretRef there, and the secret by the port SecretWriter: {found}"


def test_no_area_looks_at_a_secret():
    found = {
        str(file.relative_to(ROOT)): lines
        for folder in ("functions", "shared")
        for file in (ROOT / folder).glob("*/**/*.py")
        if "edge" not in file.relative_to(ROOT).parts and (lines := looked_at(file.read_text()))
    }
    assert not found, f"hand it on to a port as it is: {found}"


def test_looking_is_found():
    assert looked_at("def f(a): return a.get_secret_value()") == [1]
    assert looked_at("def f(a): return getattr(a, 'get_secret_value')()") == [1]
