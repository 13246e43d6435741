"""The API's description as files: one for each area, and one that holds what they share and leads to them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from shared.edge.openapi import openapi

WHOLE = "openapi.json"
_SCHEMAS = "#/components/schemas/"


def written(description: Any) -> str:
    """Write a description, or a part of one."""
    return json.dumps(description, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def files() -> dict[str, str]:
    """
    Return what stands in each file, by its name below ``docs``.

    They lead to each other by references, as OpenAPI has it: what only one area needs stands with it, so that
    two who change two areas change two files.
    """
    whole = openapi()
    areas = {path: next(iter(item.values()))["tags"][0] for path, item in whole["paths"].items()}
    owners = _owners(areas, whole)
    shared = {n: s for n, s in whole["components"]["schemas"].items() if owners[n] is None}
    leading = {path: {"$ref": _place(area, path)} for path, area in areas.items()}
    root = whole | {"paths": leading, "components": whole["components"] | {"schemas": shared}}
    found = {WHOLE: written(root)}
    for area in sorted(set(areas.values())):
        own = {n: s for n, s in whole["components"]["schemas"].items() if owners[n] == area}
        part = {
            "paths": {path: whole["paths"][path] for path in areas if areas[path] == area},
            "components": {"schemas": own},
        }
        found[f"openapi/{area}.json"] = written(_leading(part, own))
    return found


def _owners(areas: Mapping[str, str], whole: Mapping[str, Any]) -> dict[str, str | None]:
    """Say of each schema which area needs it; None where several do."""
    schemas = whole["components"]["schemas"]
    needed: dict[str, set[str | None]] = {name: set() for name in schemas}
    begin: list[tuple[str | None, Any]] = [(a, whole["paths"][path]) for path, a in areas.items()]
    begin += [(None, whole["components"]["responses"])]
    for area, part in begin:
        waiting = list(_named(part))
        while waiting:
            name = waiting.pop()
            if area not in needed[name]:
                needed[name].add(area)
                waiting += _named(schemas[name])
    return {name: next(iter(by)) if len(by) == 1 else None for name, by in needed.items()}


def _named(part: Any) -> Iterator[str]:
    """Yield the schemas that a part refers to."""
    match part:
        case str() if part.startswith(_SCHEMAS):
            yield part.removeprefix(_SCHEMAS)
        case dict():
            for one in part.values():
                yield from _named(one)
        case list():
            for one in part:
                yield from _named(one)


def _leading(part: Any, own: Mapping[str, Any]) -> Any:
    """Let the references of an area's file lead to the file of what is shared, but for what is its own."""
    match part:
        case str() if part.startswith("#/") and part.removeprefix(_SCHEMAS) not in own:
            return f"../{WHOLE}{part}"
        case dict():
            return {name: _leading(one, own) for name, one in part.items()}
        case list():
            return [_leading(one, own) for one in part]
    return part


def _place(area: str, path: str) -> str:
    return f"openapi/{area}.json#/paths/{path.replace('~', '~0').replace('/', '~1')}"
