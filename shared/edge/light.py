"""
Import pydantic without what no function asks for: the same pydantic, in three quarters of the time.

A container's start imports this before anything that imports pydantic (`start.py`).
"""

import dataclasses
import os
import sys
from types import ModuleType

import typing_extensions

from shared import records

# There are no plugins of pydantic here. The module that looks for them imports all that reads the metadata of packages,
# a fortieth of a start, even where plugins are disabled.
loader = sys.modules["pydantic.plugin._loader"] = ModuleType("pydantic.plugin._loader")
loader.get_plugins = lambda: ()  # type: ignore[attr-defined]

# Where zones of time are. Python reads all variables that it was built with, to know, where nobody says.
os.environ.setdefault("PYTHONTZPATH", "/usr/share/zoneinfo")


class Shape(dict[str, object]):
    """Stands for a typed dict where nobody asks what is in it."""

    def __init_subclass__(cls, **said: object) -> None:
        """Take what is said of a typed dict."""


# pydantic's shapes of schemas, settings and fields are typed dicts, for type checkers alone. Made in earnest, each of
# their eight hundred annotations is compiled, another thirtieth of a start; and so are two hundred methods of its
# dataclasses, a twentieth.
typed, standard = typing_extensions.TypedDict, vars(dataclasses)["dataclass"]
typing_extensions.TypedDict = Shape  # type: ignore[assignment]
vars(dataclasses)["dataclass"] = records.dataclass
try:
    import pydantic.fields
    import pydantic.functional_serializers
    import pydantic.json_schema
    import pydantic.main
    import pydantic.types  # noqa: F401 - they are the same for whoever imports them after
finally:
    typing_extensions.TypedDict, vars(dataclasses)["dataclass"] = typed, standard
