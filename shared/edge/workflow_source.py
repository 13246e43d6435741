"""
Assemble a workflow: its own file, and behind it the subworkflows it calls, directly or through others.

The assembled text is what is deployed, in the cloud and on one machine.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_CALLED = re.compile(r'sys\.get_env\("FUNCTIONS"\) \+ "/([a-z0-9-]+)')
_SAFE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The same in a tenth of the time, where libyaml is there."""

FOLDER = Path(__file__).parents[2] / "workflows"


def names() -> list[str]:
    """Return the names of all workflows."""
    return sorted(file.stem for file in FOLDER.glob("*.yaml"))


def assembled(name: str) -> str:
    """Return the whole source of a workflow."""
    parts, wanted = [FOLDER / f"{name}.yaml"], [name]
    for part in parts:
        read = yaml.load(part.read_text(), Loader=_SAFE)  # noqa: S506 - the safe one
        for called in sorted(_calls(read)):
            if called in pieces() and called not in wanted:
                wanted.append(called)
                parts.append(pieces()[called])
    return "\n".join(part.read_text() for part in parts)


def called(source: str) -> frozenset[str]:
    """Return the names of the functions that a workflow calls: its text names each."""
    return frozenset(_CALLED.findall(source))


@cache
def pieces() -> dict[str, Path]:
    """Return the file of every subworkflow that workflows share."""
    return {file.stem: file for file in sorted(FOLDER.glob("*/*.yaml"))}


def _calls(node: Any) -> set[str]:
    match node:
        case dict():
            own = {node["call"]} if isinstance(node.get("call"), str) else set()
            return own.union(*(_calls(value) for value in node.values()))
        case list():
            return set().union(*map(_calls, node))
        case str() if node.startswith("${"):
            return {piece for piece in pieces() if f"{piece}(" in node}
        case _:
            return set()
