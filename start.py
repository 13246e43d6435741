"""A container of our own runs this file: as ``main.py``, in one process and without the framework's start."""

import gc
import sys
from types import ModuleType

# What is imported stays (main.py).
gc.disable()

# There are no plugins of pydantic here. The module that looks for them imports all that reads the metadata of packages,
# a fortieth of a start, even where plugins are disabled.
loader = sys.modules["pydantic.plugin._loader"] = ModuleType("pydantic.plugin._loader")
loader.get_plugins = lambda: ()  # type: ignore[attr-defined]

from shared.edge.start import run  # noqa: E402

run()
