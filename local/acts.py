"""What the policies of tenants may know of the operations: `shared/policy/rules/acts.json`, from what these declare."""

import json
from typing import Any

from shared.edge.catalog import operations
from shared.facts import of_inputs
from shared.operation import Operation
from shared.policy.rules.acts import FILE

__all__ = ["FILE", "written"]


def written() -> str:
    """Return the file as it stands in the repository."""
    said = {op.id: _said(op) for op in operations() if op.mutates}
    return json.dumps(dict(sorted(said.items())), indent=1) + "\n"


def _said(op: Operation) -> dict[str, Any]:
    kinds = [kind for kind in op.inputs.values() if isinstance(kind, type)]
    said: dict[str, Any] = {"kind": op.acts, "args": dict(sorted(of_inputs(kinds).items()))}
    return said | ({"in_freeze": True} if op.in_freeze else {})
