"""
Read policies as people write them.

The parser is lark's (LALR), with its plain lexer: every word is one token wherever it stands, so no keyword is found
inside of a longer word. Before it is asked, the size and the nesting of a text are bounded, and with that its time and
the depth of everything that is made of it. lark is loaded when the first text is read.
"""

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, cast

from shared.policy.rules.language import nodes
from shared.policy.rules.language.grammar import DESCRIBED, GRAMMAR, GROUPS, TOKEN, WORDS
from shared.policy.rules.language.problems import Problem, Unreadable

if TYPE_CHECKING:
    from lark import Lark
    from lark.exceptions import UnexpectedToken

    from shared.policy.rules.language.building import Builder

MAX_BYTES = 64 * 1024
MAX_NESTING = 32
MAX_PROBLEMS = 10

_ITEM = re.compile(r"^[ \t]*(?:rule|redact|flow|history|test)\b", re.MULTILINE)
_SEEN = re.compile(r"[^\n]")
_VERSION = re.compile(r"\bversion\s+[0-9A-Za-z.+-]*\Z")
_WHOLE = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|#[^\n]*")
"""What a quote on a line may belong to."""

_LONE = re.compile("[\ud800-\udfff]")


def read(source: str) -> tuple[nodes.Policy, ...]:
    """
    Return the policies that a text says, one at least.

    Raises:
        Unreadable: It is no text of the language; each problem has its place, and says what was expected.
    """
    _bounded(source)
    problems: list[Problem] = []
    text = source
    while True:
        try:
            found = _parsed(text)
        except _Stopped as stopped:
            problems.append(stopped.problem)
            rest = _without_item(text, stopped.at)
            if rest is None or len(problems) == MAX_PROBLEMS:
                raise Unreadable(problems) from None
            text = rest
        else:
            if problems:
                raise Unreadable(problems)
            return found


class _Stopped(Exception):
    """Reading stopped at a place of the text."""

    def __init__(self, problem: Problem, at: int) -> None:
        self.problem, self.at = problem, at


def _bounded(source: str) -> None:
    if len(source.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        said = "a policy has 64 KiB at most; make several of it"
        raise Unreadable([Problem(1, 1, "too_large", said)])
    if lone := _LONE.search(source):
        raise Unreadable([_at(source, lone.start(), "syntax", "half a character stands here")])
    depth = 0
    for found in TOKEN.finditer(source):
        if found[0] in "([{":
            depth += 1
        elif found[0] in ")]}":
            depth -= 1
        if depth > MAX_NESTING:
            said = f"this is nested deeper than {MAX_NESTING}; name the parts in rules of their own"
            raise Unreadable([_at(source, found.start(), "too_deep", said)])


def _at(source: str, place: int, rule: str, message: str) -> Problem:
    before = source[:place]
    column = place - (before.rfind("\n") + 1) + 1
    return Problem(before.count("\n") + 1, column, rule, message)


def _without_item(text: str, at: int) -> str | None:
    """Return a text with blanks in place of the item around a place, so that the next mistakes are found too."""
    starts = [one.start() for one in _ITEM.finditer(text)]
    first = max((one for one in starts if one <= at), default=None)
    if first is None:
        return None
    last = min((one for one in starts if one > at), default=text.rfind("}"))
    return text[:first] + _SEEN.sub(" ", text[first:last]) + text[last:] if last > first else None


@cache
def _reader() -> "tuple[Lark, Builder]":
    from lark import Lark

    from shared.policy.rules.language.building import Builder

    parser = Lark(GRAMMAR, parser="lalr", lexer="basic", propagate_positions=True)
    return parser, Builder(visit_tokens=False)


def _parsed(text: str) -> tuple[nodes.Policy, ...]:
    parser, builder = _reader()
    from lark.exceptions import UnexpectedCharacters, UnexpectedToken, VisitError

    from shared.policy.rules.language.tokens import Misread

    try:
        return cast(tuple[nodes.Policy, ...], builder.transform(parser.parse(text)))
    except UnexpectedToken as error:
        at = error.token.start_pos
        at = len(text.rstrip()) if at is None or error.token.type == "$END" else at
        raise _Stopped(_at(text, at, "syntax", _unexpected(error, text, at)), at) from None
    except UnexpectedCharacters as error:
        at = cast(int, error.pos_in_stream)
        raise _Stopped(_at(text, at, "syntax", _strange(text, at)), at) from None
    except VisitError as error:
        if not isinstance(error.orig_exc, Misread):
            raise
        raise _Stopped(error.orig_exc.problem, error.orig_exc.at) from None


def _strange(text: str, at: int) -> str:
    char = text[at]
    if char in "\"'":
        return "this text has no end on its line; close it with the same quote"
    if char == "=":
        return (
            "say >= or <= to compare"
            if text[at + 1 : at + 2] in {"<", ">"}
            else "say == to compare"
        )
    if char.isdigit() or char == "-":
        if _VERSION.search(text, 0, at):
            return "a version is three numbers and nothing else, such as 1.0.0"
        return "a number is whole here, without a unit; write amounts in their smallest unit"
    return f"{char!r} means nothing here"


def _unexpected(error: "UnexpectedToken", text: str, at: int) -> str:
    token, expected = error.token, set(error.accepts or error.expected)
    found = "the end of the text" if token.type == "$END" else f"“{str(token)[:40]}”"
    said = f"expected {_any_of(list(_wanted(expected)))}, and found {found}"
    if token.type in WORDS and "WORD" in expected:
        return f"{said}, which is a word of the language: choose another name"
    if _open(text, at):
        return f"{said}; a text on this line has no end: close it with the same quote"
    near = get_close_matches(str(token), [WORDS[one] for one in expected if one in WORDS], 1)
    return f"{said}; did you mean {near[0]}?" if near and token.type in {"WORD", "STEP"} else said


def _open(text: str, at: int) -> bool:
    """Say whether a text begins on the line of a place, and does not end there."""
    line = text[text.rfind("\n", 0, at) + 1 :].partition("\n")[0]
    rest = _WHOLE.sub("", line)
    return "'" in rest or '"' in rest


def _wanted(expected: set[str]) -> Iterator[str]:
    """Yield what was expected, in words."""
    for group, said in GROUPS:
        if group <= expected:
            yield said
            expected = expected - group
    yield from sorted(DESCRIBED.get(one) or f"“{WORDS.get(one, one)}”" for one in expected)


def _any_of(wanted: Sequence[str]) -> str:
    return wanted[0] if len(wanted) == 1 else f"{', '.join(wanted[:-1])} or {wanted[-1]}"
