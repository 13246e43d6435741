"""A plugin of pytest that takes down what a suite asks: ``RECORD=FILE pytest -p tests.infra.recording …``."""

import json
import os
from contextlib import ExitStack
from pathlib import Path

from tests.infra.queries import taken_down

_open = ExitStack()


def pytest_configure(config):
    config.asked = _open.enter_context(taken_down())


def pytest_unconfigure(config):
    _open.close()
    told = [[*_told(shape), sorted(places)] for shape, places in config.asked.items()]
    Path(os.environ["RECORD"]).write_text(json.dumps(told))


def _told(shape):
    equal, items = sorted(shape.equal), sorted(shape.items)
    return [shape.collection, shape.everywhere, equal, shape.order, items]
