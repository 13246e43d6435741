"""What the tokens of a policy say; loaded with lark, when the first text is read."""

import re
from typing import Any, get_args

from lark import Token

from shared import texts
from shared.policy.rules.language.nodes import seconds
from shared.policy.rules.language.problems import Problem

MAX_MESSAGE = 500
MAX_SECONDS = 365 * 24 * 3600
MAX_NUMBER = 2**53 - 1
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_IDENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)")


class Misread(Exception):
    """A part that the grammar lets through and that is none."""

    def __init__(self, token: Token, message: str, rule: str = "syntax") -> None:
        """Keep the problem, and where in the text it is."""
        self.at = token.start_pos or 0
        self.problem = Problem(token.line or 1, token.column or 1, rule, message)


def named(token: Token) -> str:
    """Return a name."""
    if not _NAME.fullmatch(token):
        raise Misread(
            token, f"“{token}” is no name: small letters, digits, - and _, and 63 at most"
        )
    return str(token)


def ident(token: Token) -> str:
    """Return the begin of a path, or a function."""
    if not _IDENT.fullmatch(token):
        raise Misread(token, f"“{token}” cannot stand here: letters, digits and _, and no hyphen")
    return str(token)


def number(token: Token) -> int:
    """Return a whole number."""
    # What is longer than any number that is taken is not reckoned with.
    if len(token) > 17 or abs(value := int(token)) > MAX_NUMBER:
        raise Misread(token, "a number is between -(2^53 - 1) and 2^53 - 1")
    return value


def duration(token: Token | None) -> str | None:
    """Return a time as it is written."""
    if token is None:
        return None
    if len(token) > 8 or not 1 <= seconds(token) <= MAX_SECONDS:
        raise Misread(token, "a time is from 1s to 365d")
    return str(token)


def one_of(token: Token, kinds: Any, what: str) -> Any:
    """Return one of some words."""
    if token not in get_args(kinds):
        raise Misread(token, f"“{token}” is not {what}; say {listed(kinds)}")
    return str(token)


def listed(kinds: Any) -> str:
    """Return words for people."""
    return f"one of {', '.join(get_args(kinds))}"


def text(token: Token) -> str:
    """Return what a text in quotes says; its escapes are those of JSON, and of the single quote."""

    def escaped(found: re.Match[str]) -> str:
        said = found[1]
        if said[0] == "u" and len(said) == 5:
            return chr(int(said[1:], 16))
        if said in _ESCAPES:
            return _ESCAPES[said]
        if said in "\"'\\/":
            return said
        raise Misread(token, f"“\\{said}” is no escape; for a backslash itself say “\\\\”")

    text = _ESCAPE.sub(escaped, token[1:-1])
    # Two halves that are escaped make one character, as in JSON.
    whole = text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace")
    if "\ufffd" in whole and "\ufffd" not in text:
        raise Misread(token, "this text holds half a character")
    try:
        return texts.of_data(whole)
    except ValueError as error:
        raise Misread(token, str(error)) from None


def shown(token: Token) -> str:
    """Return what people are shown: one line that says something."""
    said = text(token)
    if "\n" in said or "\t" in said or "\r" in said:
        raise Misread(token, "this text has one line")
    if not texts.says_something(said) or len(said) > MAX_MESSAGE:
        raise Misread(token, f"this text says something, in {MAX_MESSAGE} characters at most")
    return said
