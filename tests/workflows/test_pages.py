"""The standard library does what its pages say, each of which is a table in `pages`."""

import importlib
import pkgutil

import pytest

from local.workflows import Runtime
from local.workflows.functions import FUNCTIONS

from . import pages
from .pages.table import Page, Row

MODULES = [name for _, name, _ in pkgutil.iter_modules(pages.__path__) if name != "table"]
PAGES: list[Page] = [
    page
    for name in MODULES
    for page in getattr(importlib.import_module(f"{pages.__name__}.{name}"), "PAGES", ())
]
ROWS = [
    pytest.param(page, row, id=f"{page.function}:{at}")
    for page in PAGES
    for at, row in enumerate(page.rows)
]


@pytest.mark.parametrize(("page", "row"), ROWS)
def test_a_function_does_what_its_page_says(shared_runtime: Runtime, page: Page, row: Row) -> None:
    row.check(shared_runtime, page.function)


def test_every_function_but_connectors_has_its_page() -> None:
    functions = {name for name in FUNCTIONS if not name.startswith("googleapis.")}
    assert functions <= {page.function for page in PAGES}
