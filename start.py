"""A container of our own runs this file: as ``main.py``, in one process and without the framework's start."""

import gc
import os

# See main.py.
os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
gc.disable()

from shared.edge.start import run  # noqa: E402

run()
