"""Load one function of the catalogue by its id."""

from importlib import import_module
from typing import TYPE_CHECKING

from shared.operation import Operation

if TYPE_CHECKING:
    from shared.reaction import Reaction


def load(id: str) -> "Operation | Reaction":
    """Import one function, and with it only what that function needs."""
    name = id.rpartition(".")[2]
    declared: Operation | Reaction = vars(import_module(f"functions.{id}"))[name].declared
    return declared
