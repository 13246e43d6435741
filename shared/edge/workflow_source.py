"""
Assemble a workflow: its own file, behind it the subworkflows it calls, and in both each named step written out.

A step that calls `agents.settle_stage`, the id of an operation, is written out as `workflows/steps/call_function.yaml`
says, one that calls another file of that folder as that file says: a subworkflow would do the same and be billed with
each call. The assembled text is what is deployed, in the cloud and on one machine.
"""

import json
import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml
from pydantic import BaseModel, ValidationError

from shared.edge.arguments import from_path
from shared.edge.catalog import operations
from shared.edge.settings import ANY
from shared.operation import Operation

_ADDRESS = f'text.replace_all(sys.get_env("FUNCTION_ADDRESS"), "{ANY}", "%s")'
_CALLED = re.compile(
    rf'"FUNCTION_ADDRESS"\), "{ANY}", "([a-z0-9-]+)"\)|"FUNCTIONS"\) \+ "/([a-z0-9-]+)'
)
"""How a workflow names a function, and how those did that release 0.1.0 began."""

_PLAIN = re.compile(r"[A-Za-z_][\w.]*|string\([A-Za-z_][\w.]*\)")
"""An expression that needs no brackets among others."""

_TEXTS = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'""", re.DOTALL)
_SAFE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
"""The same in a tenth of the time, where libyaml is there."""

FOLDER = Path(__file__).parents[2] / "workflows"
FUNCTION = "call_function"
"""The step that calls an operation, under the operation's id."""


class BadCall(ValueError):
    """A workflow names a step with what that does not take, or without what it does, or is none itself."""


def names() -> list[str]:
    """Return the names of all workflows."""
    return sorted(file.stem for file in FOLDER.glob("*.yaml"))


def assembled(name: str) -> str:
    """
    Return the whole source of a workflow.

    Raises:
        BadCall: A step is named with what it does not take, or a file of it is no source.
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
    return frozenset(now or before for now, before in _CALLED.findall(source))


def pieces() -> dict[str, Path]:
    """Return the file of every subworkflow that workflows share."""
    return _files(FOLDER / "components")


def steps() -> dict[str, Any]:
    """Return every step that is written out where it is named: `$word` stands for what is given, `$word?` if it is."""
    return _sources(FOLDER / "steps")


@cache
def _files(folder: Path) -> dict[str, Path]:
    return {file.stem: file for file in sorted(folder.glob("*.yaml"))}


@cache
def _sources(folder: Path) -> dict[str, Any]:
    return {name: _read(file) for name, file in _files(folder).items()}


def _read(file: Path) -> Any:
    try:
        return yaml.load(file.read_text(), Loader=_SAFE)  # noqa: S506 - the safe one
    except (UnicodeDecodeError, yaml.YAMLError) as wrong:
        raise BadCall(f"{file.name}: it is no YAML: {' '.join(str(wrong).split())}") from None


def _deployed(file: Path) -> str:
    source, about = _read(file), file.read_text().partition("\n")[0]
    if not isinstance(source, dict):
        raise BadCall(f"{file.name}: it is no map of routines; the first is main")
    if not about.startswith("# "):
        raise BadCall(f"{file.name}: its first line is no comment; say in one what it is for")
    try:
        whole = _written_out(source)
    except BadCall as wrong:
        raise BadCall(f"{file.name}: {wrong}") from None
    return f"{about}\n" + yaml.dump(
        whole, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=10_000
    )


def _calls(node: Any) -> set[str]:
    match node:
        case dict():
            own = {node["call"]} if isinstance(node.get("call"), str) else set()
            if own & _operations().keys():
                own |= _calls(steps().get(FUNCTION))
            return own.union(*(_calls(value) for value in node.values()))
        case list():
            return set().union(*map(_calls, node))
        case str() if node.startswith("${"):
            return {piece for piece in pieces() if f"{piece}(" in node}
        case _:
            return set()


# --- steps that are named ------------------------------------------------------------------------


def _written_out(node: Any, step: str = "") -> Any:
    """Return a part of a workflow, of a step of some name, with all steps in it written out that it names."""
    match node:
        case {"try": {"call": str(name)}} if name in _operations() or name in steps():
            raise BadCall(f"{name} is tried by itself already; put it into steps of the try")
        case {"call": str(name), **more} if name in _operations() or name in steps():
            given = _given(name, more)
            if name in _operations():
                name, given = FUNCTION, _addressed(_operations()[name], given)
            result = {"result": more["result"]} if "result" in more else {}
            beside = {key: more[key] for key in more if key == "next"}
            return _filled(name, given | result, step) | beside
        case dict():
            return {key: _written_out(value, key) for key, value in node.items()}
        case list():
            return [_written_out(value, step) for value in node]
        case _:
            return node


@cache
def _operations() -> dict[str, Operation]:
    return {op.id: op for op in operations()}


def _given(name: str, more: dict[Any, Any]) -> dict[str, Any]:
    """Return the arguments of a step that is named, if they are some, and nothing is beside them that it cannot have."""
    given = more.get("args", {})
    if name == FUNCTION:
        raise BadCall(f"{FUNCTION} is not called by itself; call an operation by its id")
    if not isinstance(given, dict):
        raise BadCall(f"{name} is called with args that are no map of names")
    _taken(name, more, {"args", "result", "next"})
    _taken(name, given, given.keys() - {"result"})
    nothing = [str(key) for key, value in given.items() if value is None]
    if nothing:
        raise BadCall(f"{name} is called with nothing as {_listed(nothing)}")
    if not isinstance(more.get("result", ""), str):
        raise BadCall(f"{name} has a result that is no name")
    return given


def _addressed(op: Operation, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a step is given that calls an operation: its address for the members of its path."""
    changing = {"key", "body"} if op.mutates else set()
    _taken(op.id, given, op.in_path.keys() | changing | {"correlation_id"})
    _there(op.id, given, op.in_path.keys() | (changing - {"body"}))
    beside = {key: value for key, value in given.items() if key not in op.in_path}
    for header in beside.keys() - {"body"}:
        if not isinstance(beside[header], str) or not beside[header]:
            raise BadCall(f"{op.id} takes a text as {header}")
    if op.mutates:
        beside["body"] = _body(op, beside.get("body", {}))
    function = _ADDRESS % op.function_name
    parts = [""]
    for part in re.split(r"({\w+})", op.path):
        name = part[1:-1] if part.startswith("{") else ""
        reckoned = _reckoned(given[name]) if name else None
        if reckoned:
            parts += [reckoned if _PLAIN.fullmatch(reckoned) else f"({reckoned})", ""]
        else:
            parts[-1] += _member(op, name, given[name]) if name else part
    texts = [one if at % 2 else json.dumps(one) for at, one in enumerate(parts) if one]
    return beside | {
        "call": f"http.{op.method.lower()}",
        "url": "${" + " + ".join([function, *texts]) + "}",
        "audience": f"${{{function}}}",
    }


def _body(op: Operation, body: Any) -> Any:
    """Return a body, if it is reckoned, or has the members that the operation's has and lacks none."""
    if _reckoned(body):
        return body
    if not isinstance(body, dict):
        raise BadCall(f"{op.id} takes a map, or one whole expression, as body")
    for kind in op.in_body.values():
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            fields = {field.alias or name: field for name, field in kind.model_fields.items()}
            _taken(op.id, body, fields.keys(), "body.")
            _there(op.id, body, {key for key in fields if fields[key].is_required()}, "body.")
    return body


def _member(op: Operation, name: str, value: Any) -> str:
    """Return a member of a path that is written out, as an address has it, if the operation takes it there."""
    text = str(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float) or "${" in text:
        raise BadCall(f"{op.id} takes a text, a number or one whole expression as {name}")
    try:
        from_path(op.in_path[name], text)
        fits = text not in {".", ".."} and not {"/", ":"} & set(text)
    except ValidationError:
        fits = False
    if not fits:
        raise BadCall(f"{op.id} cannot have {text!r} as {name}")
    return quote(text, safe="@")


def _reckoned(value: Any) -> str | None:
    """Return what is between `${` and `}`, if a text is one whole expression and nothing else."""
    if not (isinstance(value, str) and value.startswith("${") and value.endswith("}")):
        return None
    waiting = list[str]()
    for sign in re.findall(r"""[][(){}"']""", _TEXTS.sub("", value[2:-1])):
        if sign in "([":
            waiting.append(sign)
        elif not waiting or waiting.pop() + sign not in {"()", "[]"}:
            return None
    return None if waiting else value[2:-1].strip() and value[2:-1]


def _taken(name: str, given: Iterable[Any], known: AbstractSet[str], of: str = "") -> None:
    unknown = [f"{of}{key}" for key in given if key not in known]
    if unknown:
        raise BadCall(f"{name} does not take {_listed(unknown)}")


def _there(name: str, given: Mapping[str, Any], needed: AbstractSet[str], of: str = "") -> None:
    lacking = [f"{of}{key}" for key in needed - given.keys()]
    if lacking:
        raise BadCall(f"{name} is called without {_listed(lacking)}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _filled(name: str, given: Mapping[str, Any], step: str) -> dict[str, Any]:
    """
    Return a step with what was given in its places; what need not be given, and was not, is left out of it.

    `$step` is the name it has, and begins the names of steps within it.
    """
    taken: set[str] = set()

    def filled(part: Any) -> Any:
        match part:
            case dict():
                full = {key.replace("$step", step): filled(value) for key, value in part.items()}
                return {key: value for key, value in full.items() if value is not None}
            case list():
                return [filled(value) for value in part]
            case "$step":
                return step
            case str() if part.startswith("$") and not part.startswith("${"):
                word = part[1:].removesuffix("?")
                taken.add(word)
                if word not in given and not part.endswith("?"):
                    raise BadCall(f"{name} is called without {word}")
                return given.get(word)
            case _:
                return part

    full: dict[str, Any] = filled(steps()[name])
    _taken(name, given, taken)
    return full
