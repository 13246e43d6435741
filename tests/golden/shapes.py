"""What a kind takes, flat enough to be compared: whether a later release still takes all that was stored."""

from collections.abc import Iterator, Mapping
from typing import Any

Shape = Mapping[str, list[dict[str, Any]]]
"""By member, with those it lies in, each way it may look: the words of JSON Schema that limit it."""

LIMITS = {
    **dict.fromkeys(("maxLength", "maxItems", "maximum", "exclusiveMaximum"), 1),
    **dict.fromkeys(("minLength", "minItems", "minimum", "exclusiveMinimum"), -1),
}
"""The words that a number follows, and in which direction it allows more."""

WORDS = {*LIMITS, "type", "pattern", "format"}


def shape_of(kind: Any) -> dict[str, list[dict[str, Any]]]:
    """Return the shape of a kind as today's code declares it."""
    schema = kind.model_json_schema(ref_template="{model}")
    shape: dict[str, list[dict[str, Any]]] = {}
    for place, one in _places(schema, schema.get("$defs", {}), "", frozenset()):
        shape.setdefault(place, [])
        if one not in shape[place]:
            shape[place].append(one)
    return shape


def narrower(before: Shape, after: Shape, *, upgraded: bool = False) -> list[str]:
    """
    Return the members of which *after* does not take all that *before* took.

    Args:
        before: What a release stored.

        after: What is read now.

        upgraded: Whether an upgrade fills in what *after* requires besides.
    """

    def taken(place: str, way: Mapping[str, Any]) -> bool:
        return any(_takes(wider, way, upgraded) for wider in after.get(place, ()))

    return [
        place or "the whole"
        for place, ways in before.items()
        if not all(taken(place, way) for way in ways)
    ]


def _takes(after: Mapping[str, Any], before: Mapping[str, Any], upgraded: bool) -> bool:
    if "enum" in after:
        return set(map(str, before.get("enum", ["anything"]))) <= set(map(str, after["enum"]))
    if not upgraded and not set(after.get("required", ())) <= set(before.get("required", ())):
        return False
    for word in WORDS & after.keys():
        if word not in before:
            return False
        limit = LIMITS.get(word)
        if limit and (after[word] - before[word]) * limit < 0:
            return False
        if not limit and after[word] != before[word]:
            return False
    return True


def _places(
    schema: Mapping[str, Any], definitions: Mapping[str, Any], at: str, above: frozenset[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    name = str(schema.get("$ref", ""))
    if name:
        if name in above:
            yield at, {"again": name}
        else:
            yield from _places(definitions[name], definitions, at, above | {name})
        return
    choices = [one for word in ("anyOf", "oneOf", "allOf") for one in schema.get(word, ())]
    for choice in choices:
        yield from _places(choice, definitions, at, above)
    if choices:
        return
    way = {word: schema[word] for word in WORDS & schema.keys()}
    chosen = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if chosen:
        way["enum"] = sorted(map(str, chosen))
    if schema.get("required"):
        way["required"] = sorted(schema["required"])
    yield at, way
    for member, part in schema.get("properties", {}).items():
        yield from _places(part, definitions, f"{at}.{member}" if at else member, above)
    for word, place in (("items", f"{at}[]"), ("additionalProperties", f"{at}{{}}")):
        if isinstance(schema.get(word), dict):
            yield from _places(schema[word], definitions, place, above)
