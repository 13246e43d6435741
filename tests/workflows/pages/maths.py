"""The module math."""

from .table import Page, Raises, Row

_INTEGERS = {"least": -(2**63), "greatest": 2**63 - 1}

PAGES = (
    Page(
        "math/abs",
        "math.abs",
        (
            Row(123, "math.abs(-123)"),
            Row(123, "math.abs(123)"),
            Row(2.5, args={"x": -2.5}),
            Row(2.0, "math.abs(-2.0)"),
            Row(2**63 - 1, "math.abs(a.least + 1)", given=_INTEGERS),
            Row(Raises("ValueError"), "math.abs(a.least)", given=_INTEGERS),
            Row(Raises("TypeError"), 'math.abs("2")'),
            Row(Raises("TypeError"), "math.abs(null)"),
            Row(Raises("TypeError"), "math.abs(true)"),
            Row(Raises("TypeError"), "math.abs([1])"),
        ),
    ),
    Page(
        "math/floor",
        "math.floor",
        (
            Row(1, "math.floor(1.9)", chosen="the greatest integer that is not greater"),
            Row(-2, args={"x": -1.5}, chosen="the greatest integer that is not greater"),
            Row(-2, "math.floor(-2.0)", chosen="an integer, of a whole double too"),
            Row(3, "math.floor(3)", chosen="an integer is its own"),
            Row(2**62, "math.floor(a)", given=2.0**62, chosen="as far as 64 bits go"),
            Row(
                Raises("ValueError"),
                "math.floor(a)",
                given=2.0**63,
                chosen="no integer is so great",
            ),
            Row(
                Raises("ValueError"), "math.floor(a)", given=1e300, chosen="no integer is so great"
            ),
            Row(Raises("ValueError"), "math.floor(1e308 * 10)", chosen="nor infinite"),
            Row(Raises("ValueError"), "math.floor(1e308 * 10 - 1e308 * 10)", chosen="nor NaN"),
            Row(Raises("TypeError"), 'math.floor("1.5")', chosen="as in the module's other pages"),
            Row(Raises("TypeError"), "math.floor(null)", chosen="as in the module's other pages"),
        ),
    ),
    Page(
        "math/max",
        "math.max",
        (
            # The page writes the double as `123`.
            Row(123.0, "math.max(123, -456.7)"),
            Row(2, "math.max(1, 2)"),
            Row(2.5, args={"x": 1, "y": 2.5}),
            Row(2.0, "math.max(2, 2.0)"),
            Row(1.0, "math.max(1.0, -1.0)"),
            Row(2**63 - 1, "math.max(a.least, a.greatest)", given=_INTEGERS),
            Row(Raises("TypeError"), 'math.max(1, "2")'),
            Row(Raises("TypeError"), 'math.max(1.5, "2")'),
            Row(Raises("TypeError"), "math.max(null, 1)"),
            Row(Raises("TypeError"), "math.max(1, true)"),
        ),
    ),
    Page(
        "math/min",
        "math.min",
        (
            Row(-456.7, "math.min(123, -456.7)"),
            Row(1, "math.min(1, 2)"),
            Row(1.0, args={"x": 1, "y": 2.5}),
            Row(2.0, "math.min(2, 2.0)"),
            Row(-(2**63), "math.min(a.least, a.greatest)", given=_INTEGERS),
            Row(Raises("TypeError"), 'math.min("1", 2)'),
            Row(Raises("TypeError"), "math.min(1, null)"),
            Row(Raises("TypeError"), "math.min(1.5, true)"),
        ),
    ),
)
