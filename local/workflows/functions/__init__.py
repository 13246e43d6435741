"""The standard library."""

from local.workflows.functions import (
    basics,
    codings,
    connectors,
    earlier,
    earlier_texts,
    effects,
    texts,
    times,
)
from local.workflows.functions.registry import EARLIER, FUNCTIONS, REQUIRED, Context, Function

__all__ = [
    "EARLIER",
    "FUNCTIONS",
    "REQUIRED",
    "Context",
    "Function",
    "basics",
    "codings",
    "connectors",
    "earlier",
    "earlier_texts",
    "effects",
    "texts",
    "times",
]
