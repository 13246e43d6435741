"""
Groups of trust: which functions share an account and a writer key, and what each account may do.

A group has one account for what answers requests, which reaches what is stored and nothing else, and one for its
reactions. What an account may do is read off the ports that its functions name in their signatures, so nobody has to
remember to grant it or to take it back.
"""

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path

from shared.bus import PROMISED, TAP
from shared.edge.catalog import catalog
from shared.entity import Event
from shared.operation import Operation
from shared.outside import DueRelay, EntryRelay, LetterRelay
from shared.reaction import Reaction

GROUPS = {
    "pipeline": {"agents", "genesis", "knowledge", "learning"},
    "governance": {"approvals", "mobile", "policy", "precedents"},
    "evidence": {"audit", "events"},
    "platform": {"identity", "platform"},
    "spending": {"budgets"},
}
"""The areas of each group: who decides does not build, who keeps the evidence does neither, and who
handles money and keys decides nothing."""

Declared = Operation | Reaction


@dataclass(frozen=True)
class Runtime:
    """One service account that functions run as."""

    group: str
    functions: tuple[Declared, ...]

    @property
    def account(self) -> str:
        """The id of the account."""
        reacts = isinstance(self.functions[0], Reaction)
        return f"{self.group}-{'reactions' if reacts else 'requests'}"

    @cached_property
    def ports(self) -> frozenset[type]:
        """What its functions reach besides documents."""
        return frozenset().union(*(one.ports.values() for one in self.functions))

    @cached_property
    def topics(self) -> frozenset[str]:
        """The topics that its functions publish on."""
        return frozenset().union(*(published(one) for one in self.functions))


def group_of(declared: Declared) -> str:
    """
    Return the group that a function belongs to.

    Raises:
        LookupError: Its area is in none.
    """
    area = declared.id.partition(".")[0]
    for group, areas in GROUPS.items():
        if area in areas:
            return group
    raise LookupError(f"the area {area} belongs to no group of trust; add it in infra/groups.py")


@cache
def runtimes() -> tuple[Runtime, ...]:
    """Return every account that functions run as."""
    members: dict[tuple[str, bool], list[Declared]] = {}
    for one in catalog():
        members.setdefault((group_of(one), isinstance(one, Reaction)), []).append(one)
    return tuple(Runtime(group, tuple(found)) for (group, _), found in sorted(members.items()))


@cache
def runtime_of(declared: Declared) -> Runtime:
    """Return the account that a function runs as."""
    return next(one for one in runtimes() if declared in one.functions)


@cache
def event_topics() -> frozenset[str]:
    """Return the topics that events are announced on."""
    catalog()
    return frozenset(e.traits.topic for e in _below(Event) if e.traits.topic)


@cache
def actions_of(topic: str) -> frozenset[str]:
    """Return the actions that are announced on a topic."""
    return frozenset(e.traits.action for e in _below(Event) if e.traits.topic == topic)


@cache
def published(declared: Declared) -> frozenset[str]:
    """Return the topics that a function publishes on by itself, and not by the relay."""
    if isinstance(declared, Operation):
        # What the tap must have before the caller gets an answer is published by who answers.
        first = {(e.__module__, e.__name__) for e in _below(Event) if e.traits.publish_first}
        return frozenset({TAP} if first & _places(declared) else ())
    topics: dict[type, frozenset[str]] = {
        EntryRelay: event_topics() | {TAP},
        LetterRelay: event_topics() | PROMISED,
        DueRelay: PROMISED,
    }
    return frozenset().union(*(topics.get(port, frozenset()) for port in declared.ports.values()))


# --- what a function's code refers to, definition by definition ----------------------------------

Place = tuple[str, str]
"""A module, and the name of a definition in it."""


@cache
def _places(declared: Declared) -> frozenset[Place]:
    """Return every definition of ours that a function refers to, directly or through others."""
    found: set[Place] = set()
    ahead = {(declared.function.__module__, declared.function.__name__)}
    while ahead:
        found |= ahead
        ahead = set().union(*(_source(module).places(name) for module, name in ahead)) - found
    return frozenset(found)


class _Source:
    """What one module defines, and what it imports of ours."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._names: dict[str, Place] = {}
        self._modules: dict[str, str] = {}
        self._known: dict[str, frozenset[Place]] = {}
        self.definitions: dict[str, ast.AST] = {}
        tree = ast.parse(_file(module).read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("shared"):
                self._import(node.module or "", node.names)
        for node in tree.body:
            match node:
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    self.definitions[name] = node
                case (
                    ast.Assign(targets=[ast.Name(id=name)])
                    | ast.AnnAssign(target=ast.Name(id=name))
                ):
                    self.definitions[name] = node

    def places(self, definition: str) -> frozenset[Place]:
        """Return the definitions of ours that one of them refers to by itself."""
        if definition not in self._known:
            nodes = ast.walk(self.definitions[definition])
            self._known[definition] = frozenset(p for p in map(self._place, nodes) if p)
        return self._known[definition]

    def _import(self, module: str, names: Iterable[ast.alias]) -> None:
        for alias in names:
            below = f"{module}.{alias.name}"
            if _is_module(below):
                self._modules[alias.asname or alias.name] = below
            else:
                self._names[alias.asname or alias.name] = (module, alias.name)

    def _place(self, node: ast.AST) -> Place | None:
        match node:
            case ast.Name(id=name) if name in self.definitions:
                return self._module, name
            case ast.Name(id=name) if name in self._names:
                module, name = self._names[name]
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if owner in self._modules:
                module = self._modules[owner]
            case _:
                return None
        return (module, name) if name in _source(module).definitions else None


@cache
def _source(module: str) -> _Source:
    return _Source(module)


@cache
def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _file(module: str) -> Path:
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise LookupError(f"there is no source of {module}")
    return Path(spec.origin)


def _below(kind: type[Event]) -> Iterable[type[Event]]:
    """Yield the events of the platform; a test may have others of its own."""
    for one in kind.__subclasses__():
        if one.__module__.startswith("shared."):
            yield one
        yield from _below(one)
