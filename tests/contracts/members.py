"""Every member of what operations take, of what is kept and of what is announced, found by walking."""

import importlib
import json
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, TypeAdapter

import functions
import shared
from shared.constitution import Json16
from shared.edge.catalog import operations
from shared.edge.openapi import openapi
from shared.edge.schemas import Schema, example
from shared.files import Content
from shared.judged import JudgedAs
from shared.operation import Operation

BOUNDED = get_args(Json16)[1]
"""What bounded JSON is known by."""


@cache
def models() -> tuple[type[BaseModel], ...]:
    """Return every model of the platform: requests, results, documents, their parts, and events."""
    for package in (shared, functions):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    ours = (kind for kind in _descendants(BaseModel) if kind.__module__.startswith(_OURS))
    return tuple(sorted(dict.fromkeys(ours), key=lambda kind: (kind.__module__, kind.__name__)))


@cache
def taken() -> tuple[type[BaseModel], ...]:
    """Return every model that an operation takes as its body or its query, with all inside them."""
    found: dict[type[BaseModel], None] = {}
    for op in operations():
        for kind in op.inputs.values():
            _gather(kind, found)
    return tuple(found)


@dataclass(frozen=True)
class Leaf:
    """One place for a single value: its type, and what was declared of it there."""

    kind: Any
    said: tuple[Any, ...]


def members(model: type[BaseModel]) -> Iterator[tuple[str, Leaf]]:
    """Yield each leaf of a model with the name of its place; the members of other models are theirs."""
    hints = get_type_hints(model, include_extras=True)
    for name, field in model.model_fields.items():
        said = tuple(field.metadata)
        for leaf in leaves(hints[name], said):
            yield f"{model.__module__}.{model.__name__}.{name}", leaf


def leaves(kind: Any, said: tuple[Any, ...] = ()) -> Iterator[Leaf]:
    """Yield the places for single values in a type, through unions, lists and mappings."""
    origin = get_origin(kind)
    if origin is Annotated:
        inner, *more = get_args(kind)
        judged = [one.kind for one in more if isinstance(one, JudgedAs)]
        if BOUNDED in more:
            yield Leaf(BOUNDED, said)
        elif judged:
            yield Leaf(judged[0], said)
        else:
            yield from leaves(inner, (*more, *said))
    elif origin in {Union, UnionType}:
        for option in get_args(kind):
            yield from leaves(option, said)
    elif origin is None or origin is Literal:
        yield Leaf(kind, said)
    else:
        for inside in get_args(kind):
            if inside is not Ellipsis:
                yield from leaves(inside)


def choices(model: type[BaseModel]) -> Iterator[tuple[str, Any]]:
    """Yield each type of a model that chooses: a union of single values, or literals that are no texts."""
    for name, hint in get_type_hints(model, include_extras=True).items():
        if name in model.model_fields:
            for kind in _choices(hint):
                yield f"{model.__module__}.{model.__name__}.{name}", kind


def _choices(kind: Any) -> Iterator[Any]:
    found = {leaf.kind for leaf in leaves(kind)}
    texts = all(isinstance(one, str) for one in get_args(kind))
    origin = get_origin(kind)
    if origin is Annotated:
        inner = get_args(kind)[0]
        if next(_choices(inner), None) == inner:
            yield kind
        else:
            yield from _choices(inner)
    elif origin in {Union, UnionType} and len(found & {bool, int, float, str}) > 1:
        yield kind
    elif origin is Literal:
        if not texts:
            yield kind
    else:
        for inside in get_args(kind):
            yield from _choices(inside)


@dataclass(frozen=True)
class Step:
    """One step into a schema: where from, which member, what is there, and whether it can be nothing else."""

    parent: Schema
    name: str | int
    schema: Schema
    alone: bool


@dataclass(frozen=True)
class Place:
    """One place in what an operation takes, and a request that has a value there."""

    op: Operation
    steps: tuple[Step, ...]

    @property
    def path(self) -> tuple[str | int, ...]:
        """The members that lead to it."""
        return tuple(step.name for step in self.steps)

    @property
    def schema(self) -> Schema:
        """What is described to be there."""
        return self.steps[-1].schema

    @property
    def field(self) -> str:
        """The place as a refusal names it."""
        return ".".join(map(str, self.path))

    @property
    def adapter(self) -> TypeAdapter[Any]:
        """What judges a request of the operation."""
        (kind,) = (self.op.in_body or self.op.in_query).values()
        return _adapter(kind)

    def request(self, value: Any) -> Any:
        """Return a request with *value* in the place: the example of the description but for it."""
        given: Any = json.loads(_example(self.op))
        inside = given
        for step in self.steps:
            if step.name == 0:
                inside[:] = inside or [None]
            before = inside[0] if step.name == 0 else inside.get(step.name)
            if step is self.steps[-1]:
                inside[step.name] = value
            elif not step.alone or before in (None, [], {}):
                inside[step.name] = json.loads(json.dumps(example(step.schema, _definitions())))
            inside = inside[step.name]
        return given

    def found(self, dumped: Any) -> Any:
        """Return what is in the place."""
        for step in self.path:
            dumped = dumped[step]
        return dumped


def places(op: Operation) -> Iterator[Place]:
    """Yield the places for single values in what an operation takes."""
    if asks(op):
        for steps in _walk(_schema(op)):
            yield Place(op, steps)


@cache
def each_once() -> tuple[Place, ...]:
    """Return the places of all operations, each member of a model once: in the smallest request that has it."""
    found: dict[Any, Place] = {}
    for op in sorted(operations(), key=lambda op: len(_example(op)) if asks(op) else 0):
        for place in places(op):
            last = place.steps[-1]
            found.setdefault((id(last.parent), last.name, last.schema["type"]), place)
    return tuple(found.values())


def asks(op: Operation) -> bool:
    """Say whether an operation takes anything besides its path that is no document."""
    return bool(op.inputs) and Content not in op.inputs.values()


def _descendants(kind: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for below in kind.__subclasses__():
        yield below
        yield from _descendants(below)


_OURS = ("shared.", "functions.")


def _gather(kind: Any, found: dict[type[BaseModel], None]) -> None:
    for leaf in leaves(kind):
        inner = leaf.kind
        if isinstance(inner, type) and issubclass(inner, BaseModel) and inner not in found:
            found[inner] = None
            for hint in get_type_hints(inner, include_extras=True).values():
                _gather(hint, found)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _definitions() -> Schema:
    schemas: Schema = openapi()["components"]["schemas"]
    return schemas


def _schema(op: Operation) -> Schema:
    described = openapi()["paths"][op.path][op.method.lower()]
    if op.mutates:
        body: Schema = described["requestBody"]["content"]["application/json"]["schema"]
        return body
    queries = {p["name"]: p["schema"] for p in described["parameters"] if p["in"] == "query"}
    return {"type": "object", "properties": queries}


@cache
def _example(op: Operation) -> str:
    return json.dumps(example(_schema(op), _definitions())) if op.mutates else "{}"


def _options(schema: Schema) -> Iterator[Schema]:
    """Yield what a schema can be, without references."""
    if "$ref" in schema:
        yield from _options(_definitions()[schema["$ref"].rpartition("/")[2]])
    for word in ("anyOf", "oneOf", "allOf"):
        for option in schema.get(word, ()):
            yield from _options(option)
    if "type" in schema:
        yield schema


def _inside(schema: Schema) -> Iterator[tuple[str | int, Schema]]:
    """Yield what is directly inside a schema; a list has its first item, a mapping some member."""
    yield from schema.get("properties", {}).items()
    if "items" in schema:
        yield 0, schema["items"]
    more = schema.get("additionalProperties")
    # Data of the caller's own have rules of their own, however deep.
    if isinstance(more, dict) and not more.get("$ref", "").rpartition("/")[2].startswith("Data-"):
        yield "some_member", more


def _walk(schema: Schema, steps: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    for parent in _options(schema):
        for name, inner in _inside(parent):
            options = list(_options(inner))
            alone = sum(option["type"] != "null" for option in options) == 1
            for option in options:
                there = (*steps, Step(parent, name, option, alone))
                if option["type"] not in {"object", "array", "null"}:
                    yield there
                yield from _walk(option, there)
