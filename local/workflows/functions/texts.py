"""The modules base64, hash, json and text."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

import re2

from local.workflows.errors import raised
from local.workflows.functions.registry import expect, function
from local.workflows.values import Value, from_json

_ALGORITHMS = {"MD5", "SHA1", "SHA256", "SHA384", "SHA512"}


@function("base64.decode")
def base64_decode(data: Value, padding: Value = True) -> bytes:
    """Decode standard base64 (RFC 4648 section 4)."""
    text = expect(data, "data", str)
    if not padding:
        text += "=" * (-len(text) % 4)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise raised("ValueError", "data is not base64") from None


@function("base64.encode")
def base64_encode(data: Value, padding: Value = True) -> str:
    """Encode bytes as standard base64 (RFC 4648 section 4)."""
    text = base64.b64encode(expect(data, "data", bytes)).decode()
    return text if padding else text.rstrip("=")


def _algorithm(name: Value) -> str:
    if name not in _ALGORITHMS:
        raise raised("ValueError", f"algorithm must be one of {', '.join(sorted(_ALGORITHMS))}")
    return str(name).lower()


@function("hash.compute_checksum")
def compute_checksum(data: Value, algorithm: Value) -> bytes:
    """Compute a checksum of bytes."""
    return hashlib.new(_algorithm(algorithm), expect(data, "data", bytes)).digest()


@function("hash.compute_hmac")
def compute_hmac(key: Value, data: Value, algorithm: Value) -> bytes:
    """Compute a keyed hash of bytes (RFC 2104)."""
    return hmac.digest(
        expect(key, "key", bytes), expect(data, "data", bytes), _algorithm(algorithm)
    )


@function("json.decode")
def json_decode(data: Value) -> Value:
    """Read a JSON text."""
    try:
        return from_json(expect(data, "data", str, bytes))
    except ValueError:
        raise raised("ValueError", "data is not a JSON text") from None


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


@function("json.encode")
def json_encode(data: Value, indent: Value = False) -> bytes:
    """Write a JSON text as bytes."""
    return _encoded(data, indent).encode()


@function("json.encode_to_string")
def json_encode_to_string(data: Value, indent: Value = False) -> str:
    """Write a JSON text as a string."""
    return _encoded(data, indent)


@function("text.decode")
def text_decode(data: Value, charset: Value = "utf-8") -> str:
    """Turn bytes into a string."""
    try:
        return str(expect(data, "data", bytes).decode(expect(charset, "charset", str)))
    except (LookupError, UnicodeDecodeError):
        raise raised("ValueError", f"data is not text in {charset}") from None


@function("text.encode")
def text_encode(data: Value, charset: Value = "utf-8") -> bytes:
    """Turn a string into bytes."""
    try:
        return bytes(expect(data, "data", str).encode(expect(charset, "charset", str)))
    except (LookupError, UnicodeEncodeError):
        raise raised("ValueError", f"data cannot be written in {charset}") from None


@function("text.find_all")
def find_all(source: Value, substr: Value) -> list[int]:
    """List where a string occurs; occurrences do not overlap."""
    expect(source, "source", str)
    if not expect(substr, "substr", str):
        raise raised("ValueError", "substr must not be empty")
    found, at = [], source.find(substr)
    while at >= 0:
        found.append(at)
        at = source.find(substr, at + len(substr))
    return found


def _compiled(regexp: Value) -> Any:
    """
    Compile by RE2 (https://github.com/google/re2/wiki/Syntax).

    It has no look-around and no back-references, and Python's own module would accept both.
    """
    try:
        return re2.compile(expect(regexp, "regexp", str))
    except re2.error as error:
        raise raised("ValueError", f"not a regular expression of RE2: {error}") from None


@function("text.find_all_regex")
def find_all_regex(source: Value, regexp: Value) -> list[Value]:
    """List the matches and where they start."""
    matches = _compiled(regexp).finditer(expect(source, "source", str))
    return [{"index": found.start(), "match": found.group()} for found in matches]


@function("text.match_regex")
def match_regex(source: Value, regexp: Value) -> bool:
    """Tell whether a string contains a match."""
    return _compiled(regexp).search(expect(source, "source", str)) is not None


@function("text.replace_all")
def replace_all(source: Value, substr: Value, repl: Value) -> str:
    """Replace every occurrence of a string."""
    expect(source, "source", str)
    return str(source.replace(expect(substr, "substr", str), expect(repl, "repl", str)))


@function("text.replace_all_regex")
def replace_all_regex(source: Value, regexp: Value, repl: Value) -> str:
    r"""Replace every match; the replacement may name groups as `\1`."""
    expect(repl, "repl", str)
    try:
        return str(_compiled(regexp).sub(repl, expect(source, "source", str)))
    except re2.error as error:
        raise raised("ValueError", f"not a replacement for this expression: {error}") from None


@function("text.split")
def split(source: Value, separator: Value) -> list[str]:
    """Split at every separator; an empty one splits into characters."""
    expect(source, "source", str)
    return source.split(separator) if expect(separator, "separator", str) else list(source)


@function("text.substring")
def substring(source: Value, start: Value, end: Value) -> str:
    """Cut out the characters from *start* up to, not including, *end*."""
    expect(source, "source", str)
    if not 0 <= expect(start, "start", int) <= expect(end, "end", int) <= len(source):
        raise raised("IndexError", f"there is no part from {start} to {end} in the string")
    return str(source[start:end])


def _one_string(name: str, change: Callable[[str], str]) -> None:
    @function(name)
    def apply(source: Value) -> str:
        return change(expect(source, "source", str))


_one_string("text.to_lower", str.lower)
_one_string("text.to_upper", str.upper)
_one_string("text.url_decode", unquote_plus)
_one_string("text.url_encode", lambda source: quote(source, safe=""))
_one_string("text.url_encode_plus", lambda source: quote_plus(source, safe=""))
