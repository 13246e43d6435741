"""
Groups of trust: which functions share an account and a writer key, and what each account may do.

A group has one account for what answers requests, which reaches what is stored and nothing else, and one for its
reactions. What an account may do is read off the functions it runs, so nobody has to remember to grant it or to take it back.
"""

import ast
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path

from shared.edge.catalog import catalog
from shared.entity import Event
from shared.operation import Call, Operation
from shared.reaction import Reaching, Reaction

GROUPS = {
    "pipeline": {"agents", "genesis", "knowledge", "learning"},
    "governance": {"approvals", "mobile", "precedents"},
    "evidence": {"audit", "events"},
    "platform": {"identity", "platform"},
}
"""The areas of each group: who decides does not build, who keeps the evidence does neither."""

PORTS = {one.name for one in fields(Reaching)} - {one.name for one in fields(Call)} - {"subject"}
"""What only a reaction's call offers."""

FILES = "files"
"""What every call offers besides documents: a place for people's uploads."""

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
    def ports(self) -> frozenset[str]:
        """What its functions reach besides documents."""
        return frozenset().union(*(reached(one) for one in self.functions))

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
def reached(declared: Declared) -> frozenset[str]:
    """Return what a function reaches besides documents."""
    offered = {FILES} | (set() if isinstance(declared, Operation) else PORTS)
    taken = {attribute for owner, attribute in _uses(declared).attributes if owner == "call"}
    return frozenset(offered & taken)


@cache
def published(declared: Declared) -> frozenset[str]:
    """Return the topics that a function publishes on by itself, and not by the relay."""
    uses = _uses(declared)
    if isinstance(declared, Operation):
        # What the tap must have before the caller gets an answer is published by who answers.
        first = {e.__name__ for e in _below(Event) if e.traits.publish_first}
        return frozenset({"tap"} if first & uses.names else ())
    topics = {
        "publish": event_topics() | {"tap"},
        "sweep": event_topics() | {"tap"},
        "resend": event_topics() | {"dues"},
        "release_dues": frozenset({"dues"}),
    }
    verbs = {attribute for owner, attribute in uses.attributes if owner == "outbox"}
    return frozenset().union(*(topics.get(verb, frozenset()) for verb in verbs))


# --- what a function's code uses, definition by definition --------------------------------------

Place = tuple[str, str]
"""A module, and the name of a definition in it."""


@dataclass(frozen=True)
class _Uses:
    """What a piece of code names."""

    names: frozenset[str]
    attributes: frozenset[Place]
    """What is taken off what: ``("call", "push")`` for both `call.push` and `self.call.push`."""

    places: frozenset[Place]
    """The definitions of ours that it refers to."""


@cache
def _uses(declared: Declared) -> _Uses:
    """Return what a function uses, directly or through definitions of `shared`."""
    places = [(declared.function.__module__, declared.function.__name__)]
    for module, name in places:
        places += sorted(_source(module).uses(name).places - set(places))
    found = [_source(module).uses(name) for module, name in places]
    return _Uses(
        frozenset().union(*(one.names for one in found)),
        frozenset().union(*(one.attributes for one in found)),
        frozenset(places),
    )


class _Source:
    """What one module defines, and what it imports of ours."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._names: dict[str, Place] = {}
        self._modules: dict[str, str] = {}
        self._known: dict[str, _Uses] = {}
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

    def uses(self, definition: str) -> _Uses:
        """Return what one definition uses by itself."""
        if definition not in self._known:
            nodes = list(ast.walk(self.definitions[definition]))
            taken = [node for node in nodes if isinstance(node, ast.Attribute)]
            self._known[definition] = _Uses(
                frozenset(node.id for node in nodes if isinstance(node, ast.Name)),
                frozenset((_last(node.value), node.attr) for node in taken),
                frozenset(place for place in map(self._place, nodes) if place),
            )
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


def _last(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


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
