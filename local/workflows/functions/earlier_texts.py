"""
What numbers and texts were in release 0.1.0, where they are otherwise now; it goes with `earlier`.

What was an error then and is an answer now is left out where no workflow could sensibly have handled it.
"""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

import re2

from local.workflows.errors import limit, raised
from local.workflows.functions.registry import EARLIER, Context, expect, function
from local.workflows.functions.searches import STEPS_MAX, long, timely
from local.workflows.operators import as_text
from local.workflows.values import Value, integer


@function("int", among=EARLIER)
def to_integer(value: Value) -> int:
    """Read what Python reads."""
    expect(value, "the argument of 'int'", str, float, int)
    try:
        return integer(int(value))
    except (ValueError, OverflowError):
        raise raised("ValueError", "cannot make an integer of it") from None


@function("double", among=EARLIER)
def to_double(value: Value) -> float:
    """Read what Python reads."""
    expect(value, "the argument of 'double'", str, int, float)
    try:
        return float(value)
    except ValueError:
        raise raised("ValueError", "cannot make a double of it") from None


@function("string", among=EARLIER)
def to_string(value: Value) -> str:
    """Write a double as Python does."""
    return str(value) if isinstance(value, float) else as_text(value)


def _number(value: Value, name: str) -> Any:
    return expect(value, name, int, float)


@function("math.max", among=EARLIER)
def maximum(x: Value, y: Value) -> Value:
    """Return the greater number as it is."""
    return y if _number(y, "y") > _number(x, "x") else x


@function("math.min", among=EARLIER)
def minimum(x: Value, y: Value) -> Value:
    """Return the lesser number as it is."""
    return y if _number(y, "y") < _number(x, "x") else x


@function("base64.decode", among=EARLIER)
def base64_decode(data: Value, padding: Value = True) -> bytes:
    """Decode; line breaks were refused, and padding where none was expected was not."""
    text = expect(data, "data", str)
    if not padding:
        text += "=" * (-len(text) % 4)
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise raised("ValueError", "data is not base64") from None


def _encoded(data: Value, indent: Value) -> str:
    space, prefix = None, ""
    if isinstance(indent, dict):
        space, prefix = indent.get("indent", "  "), indent.get("prefix", "")
    elif expect(indent, "indent", bool, dict):
        space = "  "
    try:
        separators = (",", ":") if space is None else (",", ": ")
        text = json.dumps(data, ensure_ascii=False, indent=space, separators=separators)
    except TypeError:
        raise raised("TypeError", "bytes and functions cannot be written as JSON") from None
    return text.replace("\n", "\n" + prefix) if prefix else text


@function("json.encode", among=EARLIER)
def json_encode(data: Value, indent: Value = False) -> bytes:
    """Write a JSON text, two spaces a level."""
    return _encoded(data, indent).encode()


@function("json.encode_to_string", among=EARLIER)
def json_encode_to_string(data: Value, indent: Value = False) -> str:
    """Write a JSON text, two spaces a level."""
    return _encoded(data, indent)


@function("text.decode", among=EARLIER)
def text_decode(data: Value, charset: Value = "utf-8") -> str:
    """Decode by any codec of Python, or refuse."""
    try:
        return str(expect(data, "data", bytes).decode(expect(charset, "charset", str)))
    except (LookupError, UnicodeDecodeError):
        raise raised("ValueError", "data is not text in the charset") from None


@function("text.encode", among=EARLIER)
def text_encode(data: Value, charset: Value = "utf-8") -> bytes:
    """Encode by any codec of Python; the argument had another name."""
    try:
        return bytes(expect(data, "data", str).encode(expect(charset, "charset", str)))
    except (LookupError, UnicodeEncodeError):
        raise raised("ValueError", "data cannot be written in the charset") from None


def _compiled(regexp: Value) -> Any:
    try:
        return re2.compile(expect(regexp, "regexp", str))
    except re2.error as error:
        raise raised("ValueError", f"not a regular expression of RE2: {error}") from None


def _long(source: Value, regexp: Value, repl: Value = "") -> bool:  # noqa: ARG001 - it costs nothing
    return long(_compiled, source, regexp)


@function("text.match_regex", long=_long, among=EARLIER)
def match_regex(source: Value, regexp: Value) -> bool:
    """Tell whether a string contains a match; an error told of the expression as Python writes bytes."""
    return _compiled(regexp).search(expect(source, "source", str)) is not None


def _matches(context: Context, source: Value, regexp: Value) -> Iterator[Any]:
    expression = _compiled(regexp)
    steps = expression.programsize * len(expect(source, "source", str))
    if steps > STEPS_MAX and not context.replaying:
        raise limit("the regular expression is too large for so long a text")
    return timely(context, expression.finditer(source))


@function("text.find_all_regex", long=_long, among=EARLIER)
def find_all_regex(context: Context, source: Value, regexp: Value) -> list[Value]:
    """List the matches, the first alternative of each."""
    matches = _matches(context, source, regexp)
    return [{"index": found.start(), "match": found.group()} for found in matches]


@function("text.replace_all_regex", long=_long, among=EARLIER)
def replace_all_regex(context: Context, source: Value, regexp: Value, repl: Value) -> str:
    r"""Replace the first alternative of every match; the replacement could name groups as `\1`."""
    expect(repl, "repl", str)
    pieces, end = [], 0
    try:
        for match in _matches(context, source, regexp):
            pieces += [source[end : match.start()], match.expand(repl)]
            end = match.end()
        return "".join([*pieces, source[end:]])
    except re2.error as error:
        raise raised("ValueError", f"not a replacement for this expression: {error}") from None


@function("text.split", among=EARLIER)
def split(source: Value, separator: Value) -> list[str]:
    """Split; an empty separator split into characters."""
    expect(source, "source", str)
    return list(source.split(separator) if expect(separator, "separator", str) else source)


@function("text.substring", among=EARLIER)
def substring(source: Value, start: Value, end: Value) -> str:
    """Cut out what is there; the rest was an error."""
    expect(source, "source", str)
    if not 0 <= expect(start, "start", int) <= expect(end, "end", int) <= len(source):
        raise raised("IndexError", f"there is no part from {start} to {end} in the string")
    return str(source[start:end])


def _one_string(name: str, change: Callable[[str], str]) -> None:
    @function(name, among=EARLIER)
    def apply(source: Value) -> str:
        return change(expect(source, "source", str))


_one_string("text.to_lower", str.lower)
_one_string("text.to_upper", str.upper)
_one_string("text.url_decode", unquote_plus)
_one_string("text.url_encode", lambda source: quote(source, safe=""))
_one_string("text.url_encode_plus", lambda source: quote_plus(source, safe=""))
