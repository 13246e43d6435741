"""What the policies of tenants may know of the operations: `shared/policy/rules/acts.json`, from what these declare."""

import json
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from shared.edge.catalog import operations
from shared.facts import Count, marked
from shared.policy.rules.acts import FILE

__all__ = ["FILE", "written"]

_WORDS = ((bool, "true or false"), (int, "number"), (str, "text"))


def written() -> str:
    """Return the file as it stands in the repository."""
    said = {op.id: _said(op) for op in operations() if op.mutates}
    return json.dumps(dict(sorted(said.items())), indent=1) + "\n"


def _said(op: Any) -> dict[str, Any]:
    kinds = [kind for kind in op.inputs.values() if _is_model(kind)]
    args = {name: word for kind in kinds for name, word in _args(kind).items()}
    said: dict[str, Any] = {"kind": op.acts, "args": dict(sorted(args.items()))}
    return said | ({"in_freeze": True} if op.in_freeze else {})


def _args(kind: type[BaseModel], before: str = "") -> dict[str, str]:
    """Return the members that rules see, by their way, each with what it is."""
    found: dict[str, str] = {}
    for name, marker in marked(kind).items():
        if _is_model(marker):
            found |= _args(marker, f"{before}{name}.")
        elif marker is Count:
            found[f"{before}{name}"] = "number"
        else:
            found[f"{before}{name}"] = _word(kind.model_fields[name].annotation)
    return found


def _word(annotation: Any) -> str:
    if get_origin(annotation) in {list, tuple, set, frozenset}:
        return f"list of {_word(get_args(annotation)[0])}s"
    parts = [annotation, *_inside(annotation)]
    kinds = [type(one) if isinstance(one, str | int) else one for one in parts]
    lists = [one for one in parts if get_origin(one) in {list, tuple, set, frozenset}]
    if lists:
        return _word(lists[0])
    return next(
        (
            word
            for base, word in _WORDS
            for one in kinds
            if isinstance(one, type) and issubclass(one, base)
        ),
        "text",
    )


def _inside(annotation: Any) -> list[Any]:
    return [part for one in get_args(annotation) for part in (one, *_inside(one))]


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
