"""The schemas of what operations take and answer: of each type as it is read and as it is shown, and a value of it."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from pydantic_core import core_schema

from shared import texts
from shared.edge.docstrings import of_members
from shared.files import Content
from shared.operation import Operation
from shared.streams import event_name

Schema = dict[str, Any]

_DEFINITIONS = "#/components/schemas/"
_IN_AN_AREA = re.compile(r"shared\.(\w+)\.(?:\w+\.)*(\w+)")
_UNSEEN = {
    texts.UNSEEN_IN_A_LINE: ("UnseenInALine", "A character that nobody sees, or that ends a line."),
    texts.UNSEEN_IN_LINES: ("UnseenInLines", "A character that nobody sees."),
    texts.UNSEEN_IN_DATA: ("UnseenInData", "A character that nobody sees, inside of data."),
}
"""What no text of people holds, wherever it stands in it."""


def _by_area(name: re.Match[str]) -> str:
    return name[1].capitalize() + name[2]


def schemas(found: list[Operation]) -> tuple[Mapping[Any, Schema], dict[str, Schema]]:
    """Return the schemas by operation and place, and the definitions that they refer to."""
    inputs: list[tuple[Any, JsonSchemaMode, TypeAdapter[Any]]] = []
    for op in found:
        for status, shape in op.shapes.items():
            inputs.append(((op.id, status), "serialization", TypeAdapter(shape)))
        inputs += [
            ((op.id, of_event(kind)), "serialization", TypeAdapter(kind)) for kind in op.tells
        ]
        for name, kind in (op.in_path | op.in_headers | op.inputs).items():
            if kind is Content:
                continue
            inputs.append(((op.id, name), "validation", TypeAdapter(kind)))
    by_key, rest = TypeAdapter.json_schemas(
        inputs, ref_template=f"{_DEFINITIONS}{{model}}", schema_generator=_Strict
    )
    unseen = {name: {"description": said, "pattern": it} for it, (name, said) in _UNSEEN.items()}
    by_place = {key[0]: _named(schema) for key, schema in by_key.items()}
    return by_place, _named(rest.get("$defs", {})) | unseen


def of_event(kind: type) -> str:
    """Return the place of what an event of a stream tells."""
    return f"event {event_name(kind)}"


def _named(schema: Any) -> Any:
    """Refer to the patterns of what nobody sees by their names: they are long, and every text has one."""
    match schema:
        case {"pattern": pattern} if len(schema) == 1 and pattern in _UNSEEN:
            return {"$ref": f"{_DEFINITIONS}{_UNSEEN[pattern][0]}"}
        case dict():
            return {name: _named(said) for name, said in schema.items()}
        case list():
            return [_named(one) for one in schema]
        case _:
            return schema


def example(schema: Schema, definitions: Mapping[str, Schema]) -> Any:
    """Return a value of a schema: the example it names, else the smallest that fits."""
    if "$ref" in schema:
        return example(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    for word in ("examples", "enum"):
        if schema.get(word):
            return schema[word][0]
    for word in ("const", "default"):
        if word in schema and schema[word] is not None:
            return schema[word]
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            options = [o for o in schema[word] if o.get("type") != "null"] or schema[word]
            return example(options[0], definitions)
    return _smallest(schema, definitions)


def _smallest(schema: Schema, definitions: Mapping[str, Schema]) -> Any:
    match schema.get("type"):
        case "object":
            members = schema.get("properties", {})
            return {name: example(member, definitions) for name, member in members.items()}
        case "array":
            items = schema.get("prefixItems") or [schema.get("items", {})] * schema.get(
                "minItems", 0
            )
            return [example(item, definitions) for item in items]
        case "string":
            return "text".ljust(schema.get("minLength", 0), ".")[: schema.get("maxLength", 99)]
        case "integer" | "number":
            return schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
        case "boolean":
            return False
        case _:
            return None


class _Strict(GenerateJsonSchema):
    """Describes a model as it is read and shown: a request takes no member but those declared."""

    def normalize_name(self, name: str) -> str:
        """Return what a schema is called: where two share a name, their areas tell them apart, and no file does."""
        return super().normalize_name(_IN_AN_AREA.sub(_by_area, name))

    def model_schema(self, schema: core_schema.ModelSchema) -> Schema:
        """Describe one model."""
        described = super().model_schema(schema)
        said = of_members(schema["cls"])
        for name, field in schema["cls"].model_fields.items():
            if name in said:
                member = described["properties"][field.alias or name]
                member.setdefault("description", said[name])
        if self.mode == "validation":
            return described | {"additionalProperties": False}
        described.pop("additionalProperties", None)
        return described

    def dict_schema(self, schema: core_schema.DictSchema) -> Schema:
        """Describe a mapping: what its names look like is said of every name, and not of those only that look so."""
        described = super().dict_schema(schema)
        for pattern, value in described.pop("patternProperties", {}).items():
            described["propertyNames"] = described.get("propertyNames", {}) | {"pattern": pattern}
            described["additionalProperties"] = value
        return described
