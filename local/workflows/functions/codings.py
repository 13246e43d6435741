"""The modules base64, hash and json."""

import base64
import binascii
import hashlib
import hmac
import json
import re
from typing import Any

from local.workflows.errors import raised
from local.workflows.functions.charsets import decoded
from local.workflows.functions.registry import expect, function
from local.workflows.values import Value, from_json, length, measured, room, text

_ALGORITHMS = ("MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


@function("base64.decode")
def base64_decode(data: Value, padding: Value = True) -> bytes:
    r"""Decode standard base64 (RFC 4648 section 4); `\r` and `\n` are ignored."""
    text = expect(data, "data", str).replace("\r", "").replace("\n", "")
    if not expect(padding, "padding", bool):
        if "=" in text:
            raise raised("ValueError", "data has padding")
        text += "=" * (-len(text) % 4)
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        raise raised("ValueError", "data is not base64 of RFC 4648 section 4") from None


@function("base64.encode")
def base64_encode(data: Value, padding: Value = True) -> str:
    """Encode bytes as standard base64 (RFC 4648 section 4)."""
    expect(padding, "padding", bool)
    text = base64.b64encode(expect(data, "data", bytes)).decode()
    return text if padding else text.rstrip("=")


def _algorithm(name: Value) -> str:
    if expect(name, "algorithm", str) not in _ALGORITHMS:
        raise raised("ValueError", f"algorithm must be one of {', '.join(_ALGORITHMS)}")
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
    """Read a JSON text; bytes are read as UTF-8 first."""
    text = expect(data, "data", str, bytes)
    text = decoded(text) if isinstance(text, bytes) else text
    try:
        value = from_json(text)
        if _SURROGATE.search(text):
            # Half a surrogate pair can be written in JSON, and is in no string.
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise raised("ValueError", f"data is not JSON from {place}") from None
    except ValueError:
        raise raised("ValueError", "data is no JSON, or nests or holds what no value can") from None
    return value


def _indentation(indent: Value) -> tuple[str, str] | None:
    """Read how lines begin, and what each level of nesting adds."""
    if isinstance(indent, dict):
        prefix, space = indent.get("prefix", ""), indent.get("indent", "    ")
        return expect(prefix, "prefix", str), expect(space, "indent", str)
    return ("", "    ") if expect(indent, "indent", bool, dict) else None


def _line_breaks(data: Value, prefix: int, indent: int) -> int:
    """Count what the line breaks of a JSON text take, if each is followed by so many bytes."""
    taken, depth = 0, 0
    level = [data] if isinstance(data, list | dict) and data else []
    while level:
        inner = [
            v for values in level for v in (values.values() if isinstance(values, dict) else values)
        ]
        taken += len(inner) * (1 + prefix + indent) + len(level) * (1 + prefix)
        taken += (len(inner) + len(level)) * indent * depth
        level = [v for v in inner if isinstance(v, list | dict) and v]
        depth += 1
    return taken


def _encoded(data: Value, indent: Value, kind: type) -> str:
    style = _indentation(indent)
    options: dict[str, Any] = {"separators": (",", ":")}
    measured(data)
    if style:
        room(_line_breaks(data, *map(length, style)), kind)
        options = {"separators": (",", ": "), "indent": style[1]}
    try:
        written = text(json.dumps(data, ensure_ascii=False, allow_nan=False, **options))
    except (TypeError, ValueError):
        raise raised(
            "ValueError", "data holds bytes, a function, or a number that JSON cannot carry"
        ) from None
    return written.replace("\n", "\n" + style[0]) if style else written


@function("json.encode")
def json_encode(data: Value, indent: Value = False) -> bytes:
    """Write a JSON text as bytes."""
    return _encoded(data, indent, bytes).encode()


@function("json.encode_to_string")
def json_encode_to_string(data: Value, indent: Value = False) -> str:
    """Write a JSON text as a string."""
    return _encoded(data, indent, str)
