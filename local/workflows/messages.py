"""
How bodies are written and read, by their content types.

What is documented is on https://cloud.google.com/workflows/docs/http-requests and on the pages of the
functions; what they leave open is chosen in tests/workflows/pages/requests.py.
"""

import codecs
import json
from functools import lru_cache
from urllib.parse import urlencode

from werkzeug.http import parse_options_header

from local.workflows.errors import raised
from local.workflows.operators import as_text
from local.workflows.values import Value, from_json, length, to_json, told, type_name

_JSON = "application/json; charset=utf-8"
_BYTES = "application/octet-stream"
_FORM = "application/x-www-form-urlencoded"
_OF_PYTHON = {"idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined"}
"""What Python calls encodings and are no charsets of the Internet."""


def written(body: Value, kind: str) -> tuple[bytes, str]:
    """
    Write the body of a request, and name its content type, which is *kind* where the source says one.

    Raises:
        Raised: TypeError or ValueError, where the type cannot carry the body.
    """
    if isinstance(body, bytes):
        return body, kind or _BYTES
    name, charset = _named(kind or _JSON)
    if _is_json(name):
        text = to_json(body)
    elif isinstance(body, str):
        text = body
    elif name == _FORM:
        text = _form(body)
    elif name.startswith("text/"):
        raise raised("TypeError", f"{name} carries a string; got: {type_name(body)}")
    else:
        text = to_json(body)
    try:
        return text.encode(charset or "utf-8"), kind or _JSON
    except ValueError:
        raise raised("ValueError", f"the body cannot be written as {kind or _JSON}") from None


def read(body: bytes, kind: str) -> Value:
    """
    Read the body of an answer by its content type: JSON, text, or else bytes.

    Raises:
        ValueError: It is not what its type says.
    """
    name, charset = _named(kind)
    if name.startswith("text/"):
        return text(body, charset)
    if not body:
        return None
    if not _is_json(name):
        return body
    found = body.decode(charset or json.detect_encoding(body))
    return from_json(found.removeprefix("\ufeff"))


def received(body: bytes, kind: str) -> Value:
    """
    Read the body of a callback: JSON, text, or else bytes, so that nothing of it is lost.

    Raises:
        ValueError: It says JSON and is not; whoever sent it is told so.
    """
    name, charset = _named(kind)
    if not body:
        return None
    if _is_json(name):
        return read(body, kind)
    if name.startswith("text/") or name in {"", _FORM}:
        try:
            return body.decode(charset or "utf-8")
        except UnicodeDecodeError:
            return body
    return body


def text(body: bytes, charset: str | None = None) -> str:
    """Read text; what no character stands for becomes U+FFFD."""
    return body.decode(charset or "utf-8", errors="replace")


@lru_cache
def _named(kind: str) -> tuple[str, str | None]:
    """Return what a content type is called, and its charset where that is one."""
    name, options = parse_options_header(kind)
    charset = options.get("charset")
    try:
        known = codecs.lookup(charset or "utf-8").name
        "".encode(known)
    except (LookupError, ValueError):
        return name.lower(), None
    return name.lower(), None if known in _OF_PYTHON else charset


def _is_json(name: str) -> bool:
    return name == "application/json" or name.endswith("+json")


def _form(body: Value) -> str:
    """Write a form: of a list each element, and what is no text, number or boolean as JSON."""
    if not isinstance(body, dict):
        raise raised("TypeError", f"a form is a map or a string; got: {type_name(body)}")
    pairs, taken = [], 0
    for name, value in body.items():
        many = value if isinstance(value, list) else [value]
        taken += len(many) * length(name)
        told(taken)
        for one in many:
            plain = isinstance(one, str | bool | int | float)
            pairs.append((name, as_text(one) if plain else to_json(one)))
    return urlencode(pairs)
