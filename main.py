"""Every deployed function runs this file and serves the one that FUNCTION names, as ``area.name``."""

import gc
import os

# There are no plugins of pydantic here; to look for them reads what every installed package says of itself.
os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"

# What is imported stays for the life of the process: looking for garbage among it only delays the start.
gc.disable()

from shared.edge.entry import serving  # noqa: E402

serve = serving()
gc.freeze()
gc.enable()
