"""A container of our own runs this file: as ``main.py``, in one process and without the framework's start."""

import gc

# What is imported stays (main.py).
gc.disable()

import shared.edge.light  # noqa: E402, F401 - before anything imports pydantic
from shared.edge.start import run  # noqa: E402

run()
