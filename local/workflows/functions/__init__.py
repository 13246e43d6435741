"""The standard library."""

from local.workflows.functions import basics, connectors, effects, texts, times
from local.workflows.functions.registry import FUNCTIONS, REQUIRED, Context, Function

__all__ = [
    "FUNCTIONS",
    "REQUIRED",
    "Context",
    "Function",
    "basics",
    "connectors",
    "effects",
    "texts",
    "times",
]
