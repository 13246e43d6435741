"""The members of what is sent and answered, in words for people."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from markupsafe import Markup, escape
from pydantic import TypeAdapter

from shared.edge.openapi import openapi
from shared.entity import Code, Hex64, Id

Schema = Mapping[str, Any]

_INSTANT = "date-time"


class Member(NamedTuple):
    """One line of a table."""

    name: str
    required: bool
    kind: Markup
    meaning: Markup


def prose(text: str) -> Markup:
    """Show what stands between backticks as code."""
    parts = re.split(r"`+([^`]+)`+", text)
    return Markup().join(code(part) if n % 2 else escape(part) for n, part in enumerate(parts))


def code(text: str) -> Markup:
    """Show a code so that a narrow page breaks it between its parts, and nowhere else."""
    parts = re.split(r"(?<=[/_.:-])(?=\w)", str(text))
    return Markup("<code>{}</code>").format(Markup("<wbr>").join(parts))


def members(schema: Schema) -> list[Member]:
    """Return the members of an object; nothing where it is none, or one of several."""
    schema = _resolved(schema)
    required = schema.get("required", ())
    return [
        Member(name, name in required, kind(one), prose(one.get("description", "")))
        for name, one in schema.get("properties", {}).items()
    ]


def parameters(described: Schema, *places: str) -> list[Member]:
    """Return the parameters of an operation that stand in one of these places."""
    return [
        Member(one["name"], one["required"], kind(one["schema"]), prose(one["description"]))
        for one in described["parameters"]
        if one["in"] in places
    ]


def headers(answer: Schema) -> list[Member]:
    """Return the headers of an answer."""
    found = openapi()["components"].get("headers", {})
    said = {name: found.get(named(one), one) for name, one in answer.get("headers", {}).items()}
    return [
        Member(name, False, kind(one.get("schema", {})), prose(one.get("description", "")))
        for name, one in said.items()
    ]


def named(schema: Schema) -> str:
    """Return the name of the type that a schema refers to, or nothing."""
    return str(schema.get("$ref", "")).rpartition("/")[2]


def kind(schema: Schema) -> Markup:
    """Say what a value must be."""
    shown = Markup(", ").join(_said(schema))
    if schema.get("default") not in (None, "", [], {}):
        shown += Markup("; without it {}").format(code(_plain(schema["default"])))
    return shown


def _said(schema: Schema) -> Iterator[Markup]:
    if name := named(schema):
        inner = openapi()["components"]["schemas"][name]
        if "enum" in inner:
            yield _choice(inner["enum"])
        else:
            yield Markup('<a href="/docs/types/{0}">{0}</a>').format(name)
        return
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            yield Markup(" or ").join(Markup(", ").join(_said(one)) for one in schema[word])
            return
    if "const" in schema:
        yield Markup("always {}").format(code(_plain(schema["const"])))
    elif "enum" in schema:
        yield _choice(schema["enum"])
    else:
        yield from _of_type(schema)


def _of_type(schema: Schema) -> Iterator[Markup]:
    match schema.get("type"):
        case "string":
            yield from _text(schema)
        case "integer" | "number":
            whole = "whole number" if schema["type"] == "integer" else "number"
            yield Markup("{}{}").format(whole, _bounds(schema, "minimum", "maximum"))
        case "boolean":
            yield Markup("{} or {}").format(code("true"), code("false"))
        case "null":
            yield code("null")
        case "array":
            inside = Markup(", ").join(_said(schema.get("items", {})))
            count = _bounds(schema, "minItems", "maxItems")
            yield Markup("list{} of {}").format(count, inside or "values")
        case "object":
            more = schema.get("additionalProperties")
            inside = Markup(", ").join(_said(more)) if isinstance(more, Mapping) else Markup()
            yield Markup("object, by name: {}").format(inside) if inside else Markup("object")
        case _:
            yield Markup("any JSON")


def _text(schema: Schema) -> Iterator[Markup]:
    if schema.get("format") == _INSTANT:
        yield Markup("instant (RFC 3339)")
        return
    if schema.get("pattern") in _known():
        yield Markup("{}").format(_known()[schema["pattern"]])
        return
    yield Markup("{}{}").format(
        schema.get("format", "text"), _bounds(schema, "minLength", "maxLength", " characters")
    )
    if pattern := schema.get("pattern"):
        yield Markup("that matches {}").format(code(pattern))


@cache
def _known() -> Mapping[str, str]:
    """Return what the patterns of our own types are called."""
    named = {"id": Id, "SHA-256, 64 hex digits": Hex64, "code, without spaces": Code}
    return {TypeAdapter(kind).json_schema()["pattern"]: name for name, kind in named.items()}


def _bounds(schema: Schema, least: str, most: str, unit: str = "") -> str:
    low = schema.get(least, schema.get("exclusiveMinimum") if least == "minimum" else None)
    high = schema.get(most, schema.get("exclusiveMaximum") if most == "maximum" else None)
    if low is None and high is None:
        return ""
    if low is None or high is None:
        return (
            f", {'at least' if high is None else 'at most'} {low if high is None else high:,}{unit}"
        )
    return f", {low:,}{unit}" if low == high else f", {low:,} to {high:,}{unit}"


def _choice(values: list[Any]) -> Markup:
    return Markup("one of ") + Markup(", ").join(code(_plain(value)) for value in values)


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _resolved(schema: Schema) -> Schema:
    found: Schema = openapi()["components"]["schemas"].get(named(schema), schema)
    return found
