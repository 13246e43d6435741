"""
The dialect of JSON Schema that skills declare their inputs and outputs in.

It is a closed subset of draft 2020-12: every keyword is checked or refused. References are left out because
they can loop, patterns because they can take forever; both would be a way to make the platform work for
nothing. Whole numbers only, as in all documents here.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from shared.canonical import canonical

MOST_MISMATCHES = 100

_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list | tuple),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}
_ANNOTATIONS = frozenset({"$schema", "title", "description", "default", "examples", "format"})
_COUNTS = frozenset(
    {"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"}
)
_BOUNDS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
_KEYWORDS = (
    _ANNOTATIONS
    | _COUNTS
    | _BOUNDS
    | {"type", "enum", "const", "properties", "required", "additionalProperties", "items"}
    | {"uniqueItems"}
)


def problems(schema: Any, where: str = "$") -> tuple[str, ...]:
    """Return what is wrong with a schema itself."""
    if not isinstance(schema, dict):
        return (f"{where} is no object",)
    found = [f"{where} uses {name}, which is not supported" for name in set(schema) - _KEYWORDS]
    found += _wrong_type(schema, where) + _wrong_members(schema, where)
    for name in sorted(_COUNTS & set(schema)):
        if not _TYPES["integer"](schema[name]) or schema[name] < 0:
            found.append(f"{where}.{name} is no count")
    for name in sorted(_BOUNDS & set(schema)):
        if not _TYPES["integer"](schema[name]):
            found.append(f"{where}.{name} is no whole number")
    if "enum" in schema and not (isinstance(schema["enum"], list | tuple) and schema["enum"]):
        found.append(f"{where}.enum is no list of values")
    if not isinstance(schema.get("uniqueItems", False), bool):
        found.append(f"{where}.uniqueItems is neither true nor false")
    if "items" in schema:
        found += problems(schema["items"], f"{where}.items")
    return tuple(sorted(found))


def _wrong_type(schema: Mapping[str, Any], where: str) -> list[str]:
    if "type" not in schema:
        return []
    given = schema["type"]
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list | tuple) or not names:
        return [f"{where}.type names no type"]
    unknown = [name for name in names if not isinstance(name, str) or name not in _TYPES]
    return [f"{where}.type {name} is unknown" for name in unknown]


def _wrong_members(schema: Mapping[str, Any], where: str) -> list[str]:
    found: list[str] = []
    properties = schema.get("properties", {})
    if isinstance(properties, dict):
        for name, of in properties.items():
            found += problems(of, f"{where}.{name}")
    else:
        found.append(f"{where}.properties is no object")
    required = schema.get("required", [])
    if not isinstance(required, list | tuple) or not all(
        isinstance(name, str) for name in required
    ):
        found.append(f"{where}.required is no list of names")
    additional = schema.get("additionalProperties", True)
    if not isinstance(additional, bool):
        found += problems(additional, f"{where}.additionalProperties")
    return found


def mismatches(schema: Mapping[str, Any], value: Any) -> tuple[str, ...]:
    """Return where *value* differs from what a valid schema asks, up to a number that nobody reads beyond."""
    return tuple(islice(_Judge().found(schema, value, "$"), MOST_MISMATCHES))


class _Judge:
    """
    Holds one value against one schema, in time that grows with their size and no faster.

    Values are compared by their canonical form, in which true is not 1, and each list of values in the schema
    is brought into it once, however many items are held against it.
    """

    def __init__(self) -> None:
        self._forms: dict[tuple[int, str], frozenset[bytes]] = {}

    def found(self, schema: Mapping[str, Any], value: Any, where: str) -> Iterator[str]:
        """Yield where *value* differs, and how."""
        yield from (f"{where} {problem}" for problem in self._as_scalar(schema, value))
        if isinstance(value, dict):
            yield from self._as_object(schema, value, where)
        elif isinstance(value, list | tuple):
            yield from (f"{where} {problem}" for problem in _as_list(schema, value))
            for position, item in enumerate(value):
                yield from self.found(schema.get("items", {}), item, f"{where}[{position}]")

    def _as_scalar(self, schema: Mapping[str, Any], value: Any) -> Iterator[str]:
        types = schema.get("type", list(_TYPES))
        if not any(_TYPES[name](value) for name in ([types] if isinstance(types, str) else types)):
            yield f"is not of type {types}"
        if "enum" in schema and not self._among(schema, "enum", schema["enum"], value):
            yield "is none of the values allowed"
        if "const" in schema and not self._among(schema, "const", [schema["const"]], value):
            yield "is not the value required"
        if isinstance(value, str):
            yield from _outside(len(value), schema, "minLength", "maxLength", "characters")
        elif _TYPES["integer"](value):
            yield from _outside(value, schema, "minimum", "maximum", "")
            if value <= schema.get("exclusiveMinimum", value - 1):
                yield f"is not over {schema['exclusiveMinimum']}"
            if value >= schema.get("exclusiveMaximum", value + 1):
                yield f"is not under {schema['exclusiveMaximum']}"

    def _among(self, schema: Any, keyword: str, values: Iterable[Any], value: Any) -> bool:
        place = (id(schema), keyword)
        if place not in self._forms:
            self._forms[place] = frozenset(map(canonical, values))
        return canonical(value) in self._forms[place]

    def _as_object(
        self, schema: Mapping[str, Any], value: Mapping[str, Any], where: str
    ) -> Iterator[str]:
        properties = schema.get("properties", {})
        additional = schema.get("additionalProperties", True)
        yield from (f"{where}.{n} is missing" for n in schema.get("required", ()) if n not in value)
        yield from _outside(len(value), schema, "minProperties", "maxProperties", "members", where)
        for name, item in value.items():
            if name in properties:
                yield from self.found(properties[name], item, f"{where}.{name}")
            elif additional is False:
                yield f"{where}.{name} is not declared"
            elif additional is not True:
                yield from self.found(additional, item, f"{where}.{name}")


def _as_list(schema: Mapping[str, Any], value: Sequence[Any]) -> Iterator[str]:
    yield from _outside(len(value), schema, "minItems", "maxItems", "items")
    if schema.get("uniqueItems") and len(set(map(canonical, value))) < len(value):
        yield "has the same item twice"


def _outside(
    size: int, schema: Mapping[str, Any], low: str, high: str, unit: str, where: str = ""
) -> list[str]:
    if low in schema and size < schema[low]:
        return [f"{where} has {size} {unit}, less than {low} {schema[low]}".strip()]
    if high in schema and size > schema[high]:
        return [f"{where} has {size} {unit}, more than {high} {schema[high]}".strip()]
    return []
