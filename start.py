"""A container of our own runs this file: as ``main.py``, in one process and without the framework's start."""

import gc
import sys
from types import ModuleType

import typing_extensions

# What is imported stays (main.py).
gc.disable()

# There are no plugins of pydantic here. The module that looks for them imports all that reads the metadata of packages,
# a fortieth of a start, even where plugins are disabled.
loader = sys.modules["pydantic.plugin._loader"] = ModuleType("pydantic.plugin._loader")
loader.get_plugins = lambda: ()  # type: ignore[attr-defined]


class Shape(dict[str, object]):
    """Stands for a typed dict where nobody asks what is in it."""

    def __init_subclass__(cls, total: bool = True) -> None:
        """Take what is said of a typed dict."""


# pydantic's shapes of schemas are typed dicts, for type checkers alone. Made in earnest, each of their seven hundred
# annotations is compiled, another fortieth of a start.
typed = typing_extensions.TypedDict
typing_extensions.TypedDict = Shape  # type: ignore[assignment]
import pydantic_core.core_schema  # noqa: E402, F401

typing_extensions.TypedDict = typed

from shared.edge.start import run  # noqa: E402

run()
