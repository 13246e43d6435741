"""Whose budgets are: a kind of scope, and the id or the tenant that says to whom it belongs."""

from typing import Annotated

from pydantic import Field

from shared.actors import PLATFORM, TENANT
from shared.examples import AGENT

_UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

BudgetScope = Annotated[
    str,
    Field(
        max_length=100,
        pattern=rf"^(platform|cloud|customer:{TENANT}|(agent|trial|project):({TENANT}\.)?{_UUID})$",
        examples=[f"agent:{AGENT}"],
    ),
]
"""Whose budget: `agent:{id}`, `trial:{id}`, `project:{id}`, `customer:{tenant}`, `platform` or `cloud`."""


def owner(scope: str) -> str:
    """Return the tenant that a scope belongs to."""
    kind, _, id = scope.partition(":")
    if not id:
        return PLATFORM
    return id if kind == "customer" else id.rpartition(".")[0] or PLATFORM
