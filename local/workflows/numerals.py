"""
How numbers are read from text and written as text.

The pages say which text is a number only by example, so what Python reads besides is refused: underscores,
white space, digits of other scripts, `nan` and `infinity`.
"""

import math
import re
from decimal import Decimal

from local.workflows.errors import Raised, raised
from local.workflows.values import integer

# A possessive `++` gives nothing back, so that no text is read in more than one way, however long.
_INTEGER = re.compile(r"[+-]?[0-9]++")
_DOUBLE = re.compile(r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?")
_NOT_FINITE = {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}


def _no(kind: str, text: str) -> Raised:
    return raised("ValueError", f"cannot make {kind} of {text[:40]!r}")


def read_integer(text: str) -> int:
    """Read decimal digits, which a sign may precede."""
    if not _INTEGER.fullmatch(text):
        raise _no("an integer", text)
    try:
        return integer(int(text))
    except ValueError:  # Python reads no more than 4,300 digits
        raise _no("an integer of 64 bits", text) from None


def read_double(text: str) -> float:
    """Read a decimal number, which may have a sign, a fraction and an exponent."""
    if not _DOUBLE.fullmatch(text):
        raise _no("a double", text)
    value = float(text)
    if math.isinf(value):
        raise _no("a double of 64 bits", text)
    return value


def write_double(value: float) -> str:
    """
    Write the fewest digits that read back as *value*, with an exponent below 1e-6 and from 1e21 on.

    A whole number has no fraction. This is how JavaScript (ECMA-262, Number::toString) and Go's JSON write it.
    """
    text = repr(value)
    if "e" in text:
        ordinary = 1e-6 <= abs(value) < 1e21
        return f"{Decimal(text):f}" if ordinary else text.replace("e-0", "e-")
    return _NOT_FINITE.get(text) or text.removesuffix(".0")
