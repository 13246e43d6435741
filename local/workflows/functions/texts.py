"""The module text."""

import functools
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus, unquote_to_bytes

import re2

from local.workflows.errors import raised
from local.workflows.functions.charsets import decoded, encoded
from local.workflows.functions.registry import Context, expect, function
from local.workflows.functions.searches import STEPS_MAX, long, timely
from local.workflows.values import Value, length, room

# What the map of a match takes beside what matched: five numbers of eight bytes, and the names of its two fields.
_MATCH_SIZE = 5 * 8 + len("index") + len("match")
_NO_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_REGEXP_OPTIONS = re2.Options()
_REGEXP_OPTIONS.longest_match = True
_REGEXP_OPTIONS.log_errors = False


@function("text.decode")
def text_decode(data: Value, charset: Value = "UTF-8") -> str:
    """Turn bytes into a string; each byte that is no text becomes U+FFFD."""
    return decoded(expect(data, "data", bytes), expect(charset, "charset", str))


@function("text.encode")
def text_encode(text: Value, charset: Value = "UTF-8") -> bytes:
    """Turn a string into bytes."""
    return encoded(expect(text, "text", str), expect(charset, "charset", str))


@function("text.find_all")
def find_all(source: Value, substr: Value) -> list[int]:
    """List where a string occurs; occurrences do not overlap, and an empty one is everywhere."""
    expect(source, "source", str)
    width = len(expect(substr, "substr", str))
    room(8 + 8 * source.count(substr), list)
    found, at = [], source.find(substr)
    while at >= 0:
        found.append(at)
        at = source.find(substr, at + (width or 1))
    return found


@functools.lru_cache
def _compiled(regexp: str) -> Any:
    """
    Compile by RE2 (https://github.com/google/re2/wiki/Syntax), which prefers the longest match here.

    It has no look-around and no back-references, and Python's own module would accept both.
    """
    try:
        return re2.compile(regexp, _REGEXP_OPTIONS)
    except re2.error as error:
        said = error.args[0].decode(errors="replace")
        raise raised("ValueError", f"not a regular expression of RE2: {said}") from None


def _long(source: Value, regexp: Value, repl: Value = "") -> bool:  # noqa: ARG001 - it costs nothing
    return long(_compiled, source, regexp)


def _expression(source: Value, regexp: Value) -> Any:
    """Compile what *source* is searched for, if RE2, which takes each instruction to each character, can do it in seconds."""
    expression = _compiled(expect(regexp, "regexp", str))
    if expression.programsize * len(expect(source, "source", str)) > STEPS_MAX:
        raise raised("ValueError", "the regular expression is too large for so long a text")
    return expression


def _matches(context: Context, source: Value, regexp: Value) -> Iterator[Any]:
    """Yield the matches from left to right, none of them empty where another one ends, as RE2 has it."""
    end = -1
    for match in timely(context, _expression(source, regexp).finditer(source)):
        if match.end() > match.start() or match.start() != end:
            yield match
        end = match.end()


@function("text.find_all_regex", long=_long)
def find_all_regex(context: Context, source: Value, regexp: Value) -> list[Value]:
    """List the matches and where they start."""
    found, taken = [], 8
    for match in _matches(context, source, regexp):
        found.append({"index": match.start(), "match": match.group()})
        taken += _MATCH_SIZE + match.end() - match.start()
        room(taken, list)
    return found


@function("text.match_regex", long=_long)
def match_regex(source: Value, regexp: Value) -> bool:
    """Tell whether a string contains a match."""
    return _expression(source, regexp).search(source) is not None


@function("text.replace_all")
def replace_all(source: Value, substr: Value, repl: Value) -> str:
    """Replace every occurrence of a string; an empty one is before, between and after all characters."""
    expect(source, "source", str)
    expect(substr, "substr", str)
    expect(repl, "repl", str)
    longer = length(repl) - length(substr)
    if longer > 0:
        room(length(source) + source.count(substr) * longer)
    return str(source.replace(substr, repl))


@function("text.replace_all_regex", long=_long)
def replace_all_regex(context: Context, source: Value, regexp: Value, repl: Value) -> str:
    """Replace every match; the replacement is taken as it is written, and names no groups."""
    expect(repl, "repl", str)
    pieces, end, width = [], 0, length(repl)
    for match in _matches(context, source, regexp):
        pieces.append(source[end : match.start()])
        room(len(pieces) * width)
        end = match.end()
    return str(repl.join([*pieces, source[end:]]))


@function("text.split")
def split(source: Value, separator: Value) -> list[str]:
    """Split at every separator."""
    expect(source, "source", str)
    if not expect(separator, "separator", str):
        raise raised("ValueError", "separator must not be empty")
    room(8 + 8 * source.count(separator), list)
    return list(source.split(separator))


@function("text.substring")
def substring(source: Value, start: Value, end: Value) -> str:
    """Cut out the characters from *start* up to, not including, *end*, as far as there are any."""
    expect(source, "source", str)
    expect(start, "start", int)
    expect(end, "end", int)
    return str(source[max(start, 0) : max(end, 0)])


@functools.cache
def _widened() -> re.Pattern[str]:
    """Find the characters that Python makes longer when it makes them upper case."""
    return re.compile(f"([{''.join(c for c in map(chr, range(0x10000)) if len(c.upper()) > 1)}])")


def _upper(source: str) -> str:
    """Change each letter to its one capital letter (Unicode's simple mapping); `ß` has none."""
    if source.isascii():
        return source.upper()
    pieces = _widened().split(source)
    pieces[::2] = [piece.upper() for piece in pieces[::2]]
    pieces[1::2] = [c.title() if len(c.title()) == 1 else c for c in pieces[1::2]]
    return "".join(pieces)


def _lower(source: str) -> str:
    """Change each letter to its one small letter (Unicode's simple mapping), wherever in a word it is."""
    return source.replace("İ", "i").replace("Σ", "\N{GREEK SMALL LETTER SIGMA}").lower()


def _url_decoded(source: str) -> str:
    if _NO_ESCAPE.search(source):
        raise raised("ValueError", "a % is not followed by two hexadecimal digits")
    return decoded(unquote_to_bytes(source.replace("+", " ")))


def _one_string(name: str, change: Callable[[str], str]) -> None:
    @function(name)
    def apply(source: Value) -> str:
        return change(expect(source, "source", str))


_one_string("text.to_lower", _lower)
_one_string("text.to_upper", _upper)
_one_string("text.url_decode", _url_decoded)
_one_string("text.url_encode", lambda source: quote(source, safe="").replace("~", "%7E"))
_one_string("text.url_encode_plus", lambda source: quote_plus(source, safe="").replace("~", "%7E"))
