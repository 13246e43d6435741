"""The module math."""

from .table import Page, Raises, Row

PAGES = (
    Page(
        "math/abs",
        "math.abs",
        (
            Row(2, "math.abs(-2)"),
            Row(2.5, args={"x": -2.5}),
            Row(Raises("TypeError"), 'math.abs("2")'),
        ),
    ),
)
