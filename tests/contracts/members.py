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
from shared.edge.catalog import operations
from shared.edge.openapi import Schema, example, openapi
from shared.files import Content
from shared.operation import Operation


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
        for kind in op.in_body.values():
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


@dataclass(frozen=True)
class Place:
    """One place in what an operation takes, and a request that has a value there."""

    op: Operation
    path: tuple[str | int, ...]
    schema: Schema

    @property
    def field(self) -> str:
        """The place as a refusal names it."""
        return ".".join(map(str, self.path))

    @property
    def adapter(self) -> TypeAdapter[Any]:
        """What judges a request of the operation."""
        (kind,) = self.op.in_body.values()
        return _adapter(kind)

    def request(self, value: Any) -> Any:
        """Return a request with *value* in the place: the example of the description but for it."""
        given: Any = json.loads(json.dumps(_example(self.op)))
        inside = given
        for step, schema in zip(self.path[:-1], self._schemas(), strict=True):
            if step == 0:
                inside[:] = inside or [None]
            else:
                inside.setdefault(step, None)
            if inside[step] in (None, [], {}):
                inside[step] = example(schema, _definitions())
            inside = inside[step]
        inside[self.path[-1]] = value
        return given

    def found(self, dumped: Any) -> Any:
        """Return what is in the place."""
        for step in self.path:
            dumped = dumped[step]
        return dumped

    def _schemas(self) -> Iterator[Schema]:
        schema = _schema(self.op)
        for step in self.path[:-1]:
            schema = next(inner for name, inner in _inside(schema) if name == step)
            yield schema


def places(op: Operation, format: str) -> Iterator[Place]:
    """Yield the places in what an operation takes whose text is of a format."""
    if Content not in op.in_body.values() and op.in_body:
        for path, schema in _walk(_schema(op)):
            if schema.get("format") == format:
                yield Place(op, path, schema)


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
def _example(op: Operation) -> Any:
    return example(_schema(op), _definitions()) if op.mutates else {}


def _inside(schema: Schema) -> Iterator[tuple[str | int, Schema]]:
    """Yield what is directly inside a schema, with its step; a list has its first item."""
    if "$ref" in schema:
        yield from _inside(_definitions()[schema["$ref"].rpartition("/")[2]])
    for word in ("anyOf", "oneOf", "allOf"):
        for option in schema.get(word, ()):
            yield from _inside(option)
    yield from schema.get("properties", {}).items()
    if "items" in schema:
        yield 0, schema["items"]


def _walk(
    schema: Schema, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Schema]]:
    for step, inner in _inside(schema):
        for option in (inner, *inner.get("anyOf", ())):
            if "type" in option and option["type"] not in {"object", "array"}:
                yield (*path, step), option
        yield from _walk(inner, (*path, step))
