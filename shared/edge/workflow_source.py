"""
Assemble a workflow: its own file, behind it the subworkflows it calls, and in both each named step written out.

A step that calls `agents.settle_stage`, the id of an operation, is written out as `workflows/steps/call_function.yaml`
says, one that calls another file of that folder as that file says: a subworkflow would do the same and be billed with
each call. The assembled text is what is deployed, in the cloud and on one machine.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from shared.edge.catalog import operations
from shared.operation import Operation

_CALLED = re.compile(r'sys\.get_env\("FUNCTIONS"\) \+ "/([a-z0-9-]+)')
_SAFE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
"""The same in a tenth of the time, where libyaml is there."""

FOLDER = Path(__file__).parents[2] / "workflows"
FUNCTION = "call_function"
"""The step that calls an operation, under the operation's id."""


class BadCall(ValueError):
    """A workflow names a step with what that does not take, or without what it does."""


def names() -> list[str]:
    """Return the names of all workflows."""
    return sorted(file.stem for file in FOLDER.glob("*.yaml"))


def assembled(name: str) -> str:
    """
    Return the whole source of a workflow.

    Raises:
        BadCall: A step is named with what it does not take.
    """
    parts, wanted = [FOLDER / f"{name}.yaml"], [name]
    for part in parts:
        for called in sorted(_calls(_read(part))):
            if called in pieces() and called not in wanted:
                wanted.append(called)
                parts.append(pieces()[called])
    return "\n".join(map(_deployed, parts))


def called(source: str) -> frozenset[str]:
    """Return the names of the functions that a workflow calls: its text names each."""
    return frozenset(_CALLED.findall(source))


@cache
def pieces() -> dict[str, Path]:
    """Return the file of every subworkflow that workflows share."""
    return {file.stem: file for file in sorted(FOLDER.glob("components/*.yaml"))}


@cache
def steps() -> dict[str, Any]:
    """Return every step that is written out where it is named: `$word` stands for what is given, `$word?` if it is."""
    return {file.stem: _read(file) for file in sorted(FOLDER.glob("steps/*.yaml"))}


def _read(file: Path) -> Any:
    return yaml.load(file.read_text(), Loader=_SAFE)  # noqa: S506 - the safe one


def _deployed(file: Path) -> str:
    about = file.read_text().partition("\n")[0]
    try:
        whole = _written_out(_read(file))
    except BadCall as wrong:
        raise BadCall(f"{file.name}: {wrong}") from None
    return f"{about}\n" + yaml.dump(
        whole, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=10_000
    )


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


# --- steps that are named ------------------------------------------------------------------------


def _written_out(node: Any) -> Any:
    """Return a part of a workflow with all steps in it written out that it names."""
    match node:
        case {"try": {"call": str(name)}} if name in _operations() or name in steps():
            raise BadCall(f"{name} is tried by itself already; put it into steps of the try")
        case {"call": str(name), **more} if name in _operations() or name in steps():
            given = dict(node.get("args", {}))
            if "result" in more:
                given["result"] = more["result"]
            if name in _operations():
                name, given = FUNCTION, _addressed(_operations()[name], given)
            beside = {key: more[key] for key in more if key not in {"args", "result"}}
            return _filled(name, given) | beside
        case dict():
            return {key: _written_out(value) for key, value in node.items()}
        case list():
            return [_written_out(value) for value in node]
        case _:
            return node


@cache
def _operations() -> dict[str, Operation]:
    return {op.id: op for op in operations()}


def _addressed(op: Operation, given: dict[str, Any]) -> dict[str, Any]:
    """Return what a step is given that calls an operation: its address for the members of its path."""
    lacking = set(re.findall(r"{(\w+)}", op.path)) - given.keys()
    if op.mutates and "key" not in given:
        lacking.add("key")
    if lacking:
        raise BadCall(f"{op.id} is called without {', '.join(sorted(lacking))}")
    function = f"/{op.function_name}"
    parts = [function]
    for part in re.split(r"({\w+})", op.path):
        value = given.pop(part[1:-1]) if part.startswith("{") else part
        if isinstance(value, str) and value.startswith("${"):
            parts += [_bracketed(value[2:-1]), ""]
        else:
            parts[-1] += str(value)
    texts = [one if at % 2 else json.dumps(one) for at, one in enumerate(parts) if one]
    here = 'sys.get_env("FUNCTIONS")'
    return (
        given
        | {
            "call": f"http.{op.method.lower()}",
            "url": "${" + " + ".join([here, *texts]) + "}",
            "audience": f'${{{here} + "{function}"}}',
        }
        | ({"body": {}} if op.mutates and "body" not in given else {})
    )


def _bracketed(expression: str) -> str:
    return f"({expression})" if " " in expression else expression


def _filled(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a step with what was given in its places; what need not be given, and was not, is left out of it."""
    taken: set[str] = set()

    def filled(part: Any) -> Any:
        match part:
            case dict():
                full = {key: filled(value) for key, value in part.items()}
                return {key: value for key, value in full.items() if value is not None}
            case list():
                return [filled(value) for value in part]
            case str() if part.startswith("$") and not part.startswith("${"):
                word = part[1:].removesuffix("?")
                taken.add(word)
                if word not in given and not part.endswith("?"):
                    raise BadCall(f"{name} is called without {word}")
                return given.get(word)
            case _:
                return part

    step: dict[str, Any] = filled(steps()[name])
    unknown = given.keys() - taken
    if unknown:
        raise BadCall(f"{name} does not take {', '.join(sorted(unknown))}")
    return step
