"""Policies as JSON: each part is an object that says its `kind`, its members and where it begins."""

import json
from collections.abc import Mapping
from dataclasses import field, fields
from functools import lru_cache
from typing import Any

from shared.canonical import canonical, digest
from shared.policy.rules.language import nodes
from shared.policy.rules.language.evaluation import Evaluator, evaluator
from shared.records import dataclass

_PLACE = ("line", "column")
_JSON = frozenset({"given", "says"})
"""The members that are JSON of their own, and no parts."""

_KINDS: Mapping[str, type[nodes.Node]] = {
    kind.kind: kind
    for kind in (
        *(nodes.Text, nodes.Number, nodes.Constant, nodes.Listed, nodes.Function, nodes.Path),
        *(nodes.Compare, nodes.Not, nodes.And, nodes.Or),
        *(nodes.Allow, nodes.Deny, nodes.Require, nodes.Oblige, nodes.Alert, nodes.Note),
        *(nodes.Rule, nodes.Redact, nodes.Flow, nodes.History, nodes.Test, nodes.Policy),
    )
}


def to_json(node: nodes.Node, *, places: bool = True) -> dict[str, Any]:
    """Return the JSON of a part, with or without where it begins."""
    left_out = () if places else _PLACE
    members = {
        name: _json(getattr(node, name), places=places)
        for name in [one.name for one in fields(node)]
        if name not in left_out
    }
    return {"kind": node.kind, **members}


def from_json(data: Mapping[str, Any]) -> Any:
    """Return the part that JSON of this module says."""
    kind = _KINDS[data["kind"]]
    members = {name: value if name in _JSON else _part(value) for name, value in data.items()}
    del members["kind"]
    return kind(**members)


def policy_hash(policy: nodes.Policy) -> str:
    """Return the SHA-256 over the canonical JSON of a policy without places: what it says, however it is laid out."""
    return digest(to_json(policy, places=False))


@dataclass(frozen=True)
class Kept:
    """A policy as it is kept: known by its digest."""

    policy_hash: str
    ast: str = field(compare=False, repr=False)
    """Its canonical JSON, without places."""


def kept(policy: nodes.Policy) -> Kept:
    """Return what is kept of a policy."""
    said = to_json(policy, places=False)
    return Kept(digest(said), canonical(said).decode())


@lru_cache(maxsize=256)
def ready(kept: Kept) -> Evaluator:
    """
    Return what was kept, ready to be asked: made once for each digest.

    Raises:
        ValueError: It is not what its digest says.
    """
    said = json.loads(kept.ast)
    if digest(said) != kept.policy_hash:
        raise ValueError("this policy is not what its digest says")
    return evaluator(from_json(said))


def _json(value: Any, *, places: bool) -> Any:
    if isinstance(value, nodes.Node):
        return to_json(value, places=places)
    return [_json(one, places=places) for one in value] if isinstance(value, tuple) else value


def _part(value: Any) -> Any:
    if isinstance(value, dict):
        return from_json(value)
    return tuple(_part(one) for one in value) if isinstance(value, list) else value
